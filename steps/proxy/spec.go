package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
)

// Spec is the wish. Without HTTP and HTTPS there is no proxy, and what hostler
// wrote is taken away.
type Spec struct {
	// HTTP and HTTPS are the URLs of the proxies for the two, without user and
	// password. An empty one means no proxy.
	HTTP, HTTPS string
	// NoProxy are hosts, domains, addresses and networks that are reached directly,
	// beside this machine, as Go and curl read them: "10.0.0.0/8", ".cluster.local".
	NoProxy []string
	// APIServer is the host of the API server, with or without a port; empty: not
	// known.
	APIServer string
	// PackageManager is the one of the distribution.
	PackageManager distros.PackageManager
	// Units get drop-ins. They may be units that are not there yet.
	Units []Unit
}

// Unit is one that uses the proxy, and what its restart costs the workloads.
type Unit struct {
	Name string
	Cost steps.Impact
}

const field = "operatingSystem.proxy"

// loopback is this machine, by all its names.
var loopback = []string{"localhost", "127.0.0.1", "::1"}

func (s Spec) wanted() bool { return s.HTTP != "" || s.HTTPS != "" }

// direct is all that is reached directly, each once.
func (s Spec) direct() []string {
	all := slices.Clone(loopback)
	for _, host := range s.NoProxy {
		if !slices.Contains(all, host) {
			all = append(all, host)
		}
	}
	return all
}

// through is the proxy for an address; nil: it is reached directly.
func (s Spec) through(address *url.URL) (*url.URL, error) {
	config := httpproxy.Config{HTTPProxy: s.HTTP, HTTPSProxy: s.HTTPS, NoProxy: strings.Join(s.direct(), ",")}
	return config.ProxyFunc()(address)
}

// Direct tells whether there is a proxy and an address is an exception from it. Package managers know exceptions by
// single hosts, or not at all, so they have to be told of each address.
func (s Spec) Direct(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || !s.wanted() {
		return false
	}
	through, err := s.through(parsed)
	return err == nil && through == nil
}

// variable is one of an environment.
type variable struct{ name, value string }

// environment has each name in both spellings: curl reads http_proxy only in small
// letters, because a web server sets HTTP_PROXY from a header (httpoxy.org), and other
// programs look for capitals.
func (s Spec) environment() []variable {
	var all []variable
	add := func(name, value string) {
		if value != "" {
			all = append(all, variable{name, value}, variable{strings.ToLower(name), value})
		}
	}
	add("HTTP_PROXY", s.HTTP)
	add("HTTPS_PROXY", s.HTTPS)
	add("NO_PROXY", strings.Join(s.direct(), ","))
	return all
}

// plain is what needs no quoting in any of the files. A percent sign does, and
// versions of systemd do not agree on how.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.:/*\[\]-]+$`)

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	errs := []error{checkURL("http", s.HTTP), checkURL("https", s.HTTPS)}
	for _, host := range s.NoProxy {
		if !plain.MatchString(host) {
			errs = append(errs, fmt.Errorf("%s.noProxy: %q is no host, domain, address or network", field, host))
		}
	}
	return errors.Join(errs...)
}

func checkURL(name, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%s.%s: %q is no URL: %w", field, name, text, err)
	case u.User != nil:
		return fmt.Errorf("%s.%s has a user: everybody who may read the NodeGroup or the units reads the password; use a proxy that needs none", field, name)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("%s.%s: %q is no URL such as http://proxy.example.com:3128", field, name, text)
	case !plain.MatchString(text):
		return fmt.Errorf("%s.%s: %q holds characters that the files of package managers and units read differently", field, name, text)
	}
	return nil
}

// warnings are about the API server. The kubelet and whatever else is written in Go
// decide as httpproxy does.
func (s Spec) warnings() error {
	if s.APIServer == "" || !s.wanted() {
		return nil
	}
	host := s.APIServer
	if _, _, err := net.SplitHostPort(host); err != nil && strings.Contains(host, ":") {
		host = "[" + strings.Trim(host, "[]") + "]" // an IPv6 address
	}
	through, err := s.through(&url.URL{Scheme: "https", Host: host})
	if err != nil {
		return fmt.Errorf("%s: how the API server %s is reached: %w", field, s.APIServer, err)
	}
	if through == nil {
		return nil
	}
	return steps.Warning("the kubelet reaches the API server %s through the proxy %s: add its host to %s.noProxy", s.APIServer, through, field)
}
