package containerd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Registry says where the images of a registry come from.
type Registry struct {
	// Host is the registry as images name it, with the port if they name one.
	Host string
	// Mirrors are tried in this order, before the registry itself.
	Mirrors []Mirror
}

// Mirror is one other place for a registry's images.
type Mirror struct {
	// URL is http or https, without user and password. A path with an element v2 is
	// the root of the registry's API (as in proxies of Harbor); to any other,
	// containerd adds /v2.
	URL string
	// CA is the absolute path of a PEM file on the host. Default: the host's own.
	CA string
	// SkipVerify turns the check of the mirror's certificate off.
	SkipVerify bool
}

// registriesField is where hosts.toml comes from.
const registriesField = "spec.cri.containerd.registries"

// registryHost is a host name or an address with or without a port; it becomes the
// name of a folder.
var registryHost = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?$`)

// CheckRegistries returns what is wrong with the registries, all of it, joined.
func CheckRegistries(registries []Registry) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range registries {
		if !registryHost.MatchString(r.Host) {
			errs = append(errs, fmt.Errorf("host %q is not a host with or without a port, such as docker.io or registry.example.com:5000", r.Host))
		}
		if seen[r.Host] {
			errs = append(errs, fmt.Errorf("host %s comes twice: put all of its mirrors into one", r.Host))
		}
		seen[r.Host] = true
		urls := map[string]bool{}
		for _, m := range r.Mirrors {
			if err := m.check(); err != nil {
				errs = append(errs, fmt.Errorf("host %s: mirror %q: %w", r.Host, m.shown(), err))
			}
			// Twice the same table is no TOML.
			if urls[m.URL] {
				errs = append(errs, fmt.Errorf("host %s: mirror %q comes twice: keep one", r.Host, m.shown()))
			}
			urls[m.URL] = true
		}
	}
	return errors.Join(errs...)
}

func (m Mirror) check() error {
	parsed, err := url.Parse(m.URL)
	switch {
	case err != nil:
		return errors.New("this is not a URL") // the error itself would show a password
	case parsed.User != nil:
		return errors.New("user and password have no place here: containerd gets them from image pull secrets")
	case parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.RawQuery != "" || parsed.Fragment != "":
		return errors.New("this is not the http or https URL of a host, such as https://mirror.example.com")
	case strings.ContainsFunc(m.URL, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }):
		return errors.New("quotes, backslashes and line breaks have no place in a URL")
	case m.CA != "" && (!path.IsAbs(m.CA) || path.Clean(m.CA) != m.CA || strings.ContainsAny(m.CA, "\"\\\n")):
		return fmt.Errorf("ca %q is not a clean absolute path on the host", m.CA)
	}
	return nil
}

// shown is the URL without a password; one that cannot be read may have one anywhere.
func (m Mirror) shown() string {
	parsed, err := url.Parse(m.URL)
	if err != nil {
		return "…"
	}
	return parsed.Redacted()
}

// ownAPIRoot tells a path that has the API's root in it already.
func (m Mirror) ownAPIRoot() bool {
	parsed, err := url.Parse(m.URL)
	return err == nil && strings.Contains(parsed.Path+"/", "/v2/") && !strings.HasSuffix(parsed.Path, "/v2")
}

// dir is the name of the registry's folder. A colon becomes two underscores: that
// is where containerd looks first, and it serves every file system.
func (r Registry) dir() string {
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		return strings.ReplaceAll(r.Host, ":", "") // as containerd does with addresses of version 6
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	return strings.ReplaceAll(name, ":", "") + "_" + port + "_"
}

// server is the registry itself, for what no mirror has.
func (r Registry) server() string {
	name := r.Host
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	switch {
	case r.Host == "docker.io":
		return "https://registry-1.docker.io"
	case name == "localhost" || ip != nil && ip.IsLoopback():
		return "http://" + r.Host // containerd's own rule for registries on the host itself
	default:
		return "https://" + r.Host
	}
}

// hosts is the file below its header. containerd tries the tables in the order in
// which they stand. Source: containerd's docs/hosts.md.
func (r Registry) hosts() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "server = %q\n", r.server())
	for _, m := range r.Mirrors {
		fmt.Fprintf(&b, "\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", m.URL)
		if m.CA != "" {
			fmt.Fprintf(&b, "  ca = %q\n", m.CA)
		}
		if m.SkipVerify {
			b.WriteString("  skip_verify = true\n")
		}
		if m.ownAPIRoot() {
			b.WriteString("  override_path = true\n")
		}
	}
	return []byte(b.String())
}

func (s Step) hostsFile(dir string, body []byte) op.OwnedFile {
	return op.OwnedFile{Path: path.Join(s.spec.CertsDir, dir, "hosts.toml"), Field: registriesField, Body: body}
}

// planRegistries writes hosts.toml for each registry and removes those that
// hostler wrote and nobody wants any more. containerd reads them at each pull.
func (s Step) planRegistries(v host.View) ([]steps.Op, error) {
	var ops []steps.Op
	var remarks []error
	wanted := map[string]bool{}
	for _, r := range s.spec.Registries {
		wanted[r.dir()] = true
		planned, err := op.PlanOwnedFile(v, s.hostsFile(r.dir(), r.hosts()))
		if err != nil {
			return nil, err
		}
		if planned != nil {
			ops = append(ops, planned)
		}
		remarks = append(remarks, s.warnOfHosts(v, r))
	}
	names, err := v.ReadDir(s.spec.CertsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, name := range names {
		if wanted[name] {
			continue
		}
		planned, err := op.PlanOwnedFile(v, s.hostsFile(name, nil))
		if _, failure := split(err); failure != nil {
			return nil, failure // a remark is about a file of somebody else's, which may stay
		}
		if remove, ok := planned.(op.Remove); ok {
			remove.Dirs = []string{path.Dir(remove.Path)}
			ops = append(ops, remove)
		}
	}
	return ops, errors.Join(remarks...)
}

// warnOfHosts tells what becomes of files of others for the registry, and which
// certificate authorities are not there.
func (s Step) warnOfHosts(v host.View, r Registry) error {
	var remarks []error
	own := s.hostsFile(r.dir(), nil)
	if _, err := op.PlanOwnedFile(v, own); err != nil {
		if remark, _ := split(err); remark != nil {
			remarks = append(remarks, steps.Warning("%s was written by somebody else and is replaced by what %s says; the original is kept for undo", own.Path, registriesField))
		}
	}
	if r.dir() != r.Host {
		hidden := path.Join(s.spec.CertsDir, r.Host, "hosts.toml")
		if _, err := v.Lstat(hidden); err == nil {
			remarks = append(remarks, steps.Warning("%s has no effect: containerd takes %s first", hidden, own.Path))
		}
	}
	for _, m := range r.Mirrors {
		if m.CA == "" {
			continue
		}
		if _, err := v.Stat(m.CA); errors.Is(err, fs.ErrNotExist) {
			remarks = append(remarks, steps.Warning("%s: ca %s of mirror %s is not on the host now, and without it nothing is pulled from there: "+
				"have spec.operatingSystem.files write it", registriesField, m.CA, m.URL))
		}
	}
	return errors.Join(remarks...)
}

// setRegistries makes containerd look into the folder of hosts.toml files.
func setRegistries(doc table, l layout, s Settings) error {
	if s.CertsDir == "" {
		return nil
	}
	if s.Release.known() && !s.Release.atLeast(1, 5) {
		return fmt.Errorf("%s needs containerd 1.5 or later, and this is %s: take a newer one, or write the table %s into spec.cri.containerd.config",
			registriesField, s.Release, dotted(append(l.registry[:len(l.registry):len(l.registry)], "mirrors")))
	}
	registry, _ := lookup(doc, l.registry...).(table)
	if old := oldMirrors(registry); len(old) > 0 {
		var named []string
		for _, key := range old {
			named = append(named, dotted(append(l.registry[:len(l.registry):len(l.registry)], key)))
		}
		return fmt.Errorf("the file has %s, and containerd does not start with it beside the folder of %s: take over what it says, "+
			"and remove it by null in spec.cri.containerd.config", strings.Join(named, " and "), registriesField)
	}
	present, _ := registry["config_path"].(string)
	if present == "" && s.Release.atLeast(2, 2) {
		return nil // its default has the folder in it, and Docker's beside it
	}
	dirs := strings.FieldsFunc(present, func(r rune) bool { return r == ':' })
	if slices.ContainsFunc(dirs, func(dir string) bool { return path.Clean(dir) == s.CertsDir }) {
		return nil
	}
	return set(doc, strings.Join(append([]string{s.CertsDir}, dirs...), ":"), append(l.registry[:len(l.registry):len(l.registry)], "config_path")...)
}

// oldMirrors names the tables that containerd refuses beside config_path; passwords
// alone it takes. Source: containerd's internal/cri/config, ValidatePluginConfig.
func oldMirrors(registry table) []string {
	var old []string
	if mirrors, ok := registry["mirrors"].(table); ok && len(mirrors) > 0 {
		old = append(old, "mirrors")
	}
	configs, _ := registry["configs"].(table)
	for _, name := range sortedKeys(configs) {
		if config, ok := configs[name].(table); ok && config["tls"] != nil {
			return append(old, "configs")
		}
	}
	return old
}
