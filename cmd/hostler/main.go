// Command hostler makes a Kubernetes node what its NodeGroup says. See README.md.
package main

import "os"

func main() {
	os.Exit(int(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)))
}
