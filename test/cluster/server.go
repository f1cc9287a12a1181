package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// repositoryServer serves repositories over HTTP on the bridge, each below its name.
type repositoryServer struct {
	server *http.Server
	url    string

	mu      sync.Mutex
	folders map[string]http.Handler
}

func serveRepositories(address netip.Addr) (*repositoryServer, error) {
	listener, err := net.Listen("tcp", netip.AddrPortFrom(address, 80).String())
	if err != nil {
		return nil, fmt.Errorf("serving repositories: %w", err)
	}
	s := &repositoryServer{url: "http://" + address.String(), folders: make(map[string]http.Handler)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{repository}/", s.serve)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.server.Serve(listener) // ends with close, and its error then says only that
	return s, nil
}

func (s *repositoryServer) serve(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	folder := s.folders[req.PathValue("repository")]
	s.mu.Unlock()
	if folder == nil {
		http.NotFound(w, req)
		return
	}
	folder.ServeHTTP(w, req)
}

func (s *repositoryServer) add(name, dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folders[name] = http.StripPrefix("/"+name, http.FileServer(http.Dir(dir)))
}

func (s *repositoryServer) close() error { return s.server.Close() }

// Repository builds the named repository if need be and serves it; see [Repositories].
func (r *Run) Repository(ctx context.Context, name string) (Repository, error) {
	dir, err := r.assets.repository(ctx, name)
	if err != nil {
		return Repository{}, err
	}
	keys, err := r.assets.signingKey(ctx)
	if err != nil {
		return Repository{}, err
	}
	key, err := os.ReadFile(filepath.Join(keys, publicKey))
	if err != nil {
		return Repository{}, errors.Join(errors.New("reading the repositories' key"), err)
	}
	r.server.add(name, dir)
	repository := Repository{Name: name, URL: r.server.url + "/" + name, Suite: suiteOf(name), Key: string(key)}
	if !isRPM(name) {
		repository.Components = []string{"main"}
	}
	return repository, nil
}
