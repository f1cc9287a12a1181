// Command web is the workload of the test cluster: an HTTP server on port 8080 that answers with its host's name, which
// is the name of its pod. With --ignore-sigterm it goes only when it is killed.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	stubborn := flag.Bool("ignore-sigterm", false, "stay when asked to go")
	flag.Parse()
	if *stubborn {
		signal.Ignore(syscall.SIGTERM)
	}
	name, err := os.Hostname()
	if err != nil {
		log.Fatalf("reading the host's name: %v", err)
	}
	server := &http.Server{
		Addr:              ":8080",
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "hello from %s\n", name)
		}),
	}
	log.Printf("serving on %s", server.Addr)
	log.Fatal(server.ListenAndServe())
}
