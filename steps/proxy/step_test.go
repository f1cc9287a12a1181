package proxy_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/proxy"
	"github.com/hostler-dev/hostler/steps/steptest"
)

func wish(manager distros.PackageManager) proxy.Spec {
	return proxy.Spec{
		HTTP: "http://proxy.corp:3128", HTTPS: "http://proxy.corp:3129", NoProxy: []string{"10.0.0.0/8", ".cluster.local", "mirror.corp", "localhost"},
		APIServer: "10.1.2.3:6443", PackageManager: manager,
		Units: []proxy.Unit{{Name: "containerd.service", Cost: steps.Restart}, {Name: "kubelet.service", Cost: steps.Restart}},
	}
}

func without(manager distros.PackageManager) proxy.Spec {
	spec := wish(manager)
	spec.HTTP, spec.HTTPS, spec.NoProxy = "", "", nil
	return spec
}

// header is at the top of the files that hostler writes whole.
const header = "# Kept by hostler: it takes changes made here back.\n# Change operatingSystem.proxy of the NodeGroup instead.\n"

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(spec proxy.Spec) func() steps.Step { return func() steps.Step { return proxy.New(spec) } }
	machine := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake {
			return hosttest.New(append([]hosttest.Option{
				hosttest.UnitFile("containerd.service", "[Service]\n"), hosttest.Running("containerd.service"),
				hosttest.File("/etc/apt/apt.conf.d/01autoremove", "APT {};\n"),
			}, more...)...)
		}
	}
	dnf := hosttest.FileWith("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nproxy=http://old:1\n", host.Attr{Mode: 0o640})
	written := []hosttest.Option{
		hosttest.File(proxy.AptFile, header+"Acquire::http::Proxy \"http://p:1\";\n"), hosttest.File(proxy.SystemFile, header+"[Manager]\n"),
		hosttest.File("/etc/systemd/system/containerd.service.d/90-hostler-proxy.conf", header+"[Service]\n"),
	}
	noURL := proxy.Spec{HTTP: "http://proxy.corp:3128", PackageManager: distros.Apt}
	far := wish(distros.Apt)
	far.APIServer, far.Units = "api.example.com", nil
	for _, c := range []steptest.Case{
		{Name: "configures apt, systemd and units", Step: in(wish(distros.Apt)), Golden: "testdata/apt.golden", Host: machine()},
		{Name: "edits the file of dnf and keeps its mode", Step: in(wish(distros.Dnf)), Golden: "testdata/dnf.golden", Host: machine(dnf)},
		{Name: "edits the file of yum", Step: in(wish(distros.Yum)), Golden: "testdata/yum.golden", Host: machine(hosttest.File("/etc/yum.conf", "[main]\n"))},
		{Name: "edits the file of zypper", Step: in(wish(distros.Zypper)), Golden: "testdata/zypper.golden",
			Host: machine(hosttest.File("/etc/sysconfig/proxy", "PROXY_ENABLED=\"no\"\nFTP_PROXY=\"\"\n"))},
		{Name: "treats apt over rpm as apt", Step: in(wish(distros.AptRPM)), Golden: "testdata/apt.golden", Host: machine()},
		{Name: "leaves https alone without a proxy for it", Step: in(noURL), Golden: "testdata/http-only.golden", Host: machine()},
		{Name: "warns when the API server is behind the proxy", Step: in(far), Golden: "testdata/api-server.golden", Host: machine()},
		{Name: "warns of drop-ins that are read later", Step: in(wish(distros.Apt)), Golden: "testdata/overridden.golden", Host: machine(
			hosttest.File("/etc/systemd/system.conf.d/99-site.conf", "[Manager]\nDefaultEnvironment=LANG=C\nDefaultEnvironment=\n"),
			hosttest.File("/etc/systemd/system/containerd.service.d/http-proxy.conf", "[Service]\nEnvironment=\"https_proxy=http://old:1\"\nEnvironment=A=b\n"))},
		{Name: "takes all away when there is no proxy", Step: in(without(distros.Apt)), Golden: "testdata/removed.golden", Host: machine(written...)},
		{Name: "wants nothing of a host without a proxy", Step: in(without(distros.Dnf)), Golden: "testdata/nothing.golden", Host: machine(dnf)},
		{Name: "wants nothing where nothing is known and wished", Step: in(proxy.Spec{}), Golden: "testdata/nothing.golden", Host: machine(dnf)},
		{Name: "leaves a file of somebody else", Step: in(without(distros.Apt)), Golden: "testdata/foreign.golden", Host: machine(hosttest.File(proxy.AptFile, "// mine\n"))},
		{Name: "writes only the files of an image", Step: in(wish(distros.Dnf)), Golden: "testdata/image.golden", Host: machine(dnf, hosttest.Image())},
	} {
		steptest.Run(t, c)
	}
}

// apply does a plan without an engine.
func apply(t *testing.T, spec proxy.Spec, h *hosttest.Fake) {
	t.Helper()
	ops, err := proxy.New(spec).Plan(t.Context(), h)
	if _, failure := steps.Split(err); failure != nil {
		t.Fatal(failure)
	}
	for _, o := range ops {
		if err := o.Do(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilesComeBackToTheByteWithoutAProxy(t *testing.T) {
	t.Parallel()
	for manager, file := range map[distros.PackageManager]string{distros.Dnf: "/etc/dnf/dnf.conf", distros.Yum: "/etc/yum.conf", distros.Zypper: "/etc/sysconfig/proxy"} {
		t.Run(string(manager), func(t *testing.T) {
			t.Parallel()
			const before = "[main]\nproxy = http://old:1\nHTTP_PROXY=\"\"\r\nno end"
			h := hosttest.New(hosttest.FileWith(file, before, host.Attr{Mode: 0o600}))
			apply(t, wish(manager), h)
			if h.Content(file) == before {
				t.Fatalf("got %s unchanged, want the proxy in it", file)
			}
			apply(t, without(manager), h)
			if got := h.Content(file); got != before || h.Attr(file).Mode != 0o600 {
				t.Errorf("got %q with mode %v, want %q with 0600", got, h.Attr(file).Mode, before)
			}
			if err := h.Remove(file); err != nil {
				t.Fatal(err)
			}
			apply(t, wish(manager), h)
			apply(t, without(manager), h)
			if _, err := h.Lstat(file); err == nil {
				t.Errorf("got %s left behind with %q, want none as before", file, h.Content(file))
			}
		})
	}
}

func TestDirect(t *testing.T) {
	t.Parallel()
	spec := proxy.Spec{HTTP: "http://proxy:3128", HTTPS: "http://proxy:3128", NoProxy: []string{"10.0.0.0/8", ".example.internal"}}
	for address, want := range map[string]bool{
		"http://10.1.2.3:8080/deb": true, "https://packages.example.internal/rpm": true, "http://127.0.0.1/x": true,
		"https://packages.example.org": false, "http://11.1.2.3": false, "http://a b": false,
	} {
		if got := spec.Direct(address); got != want {
			t.Errorf("%s: got direct %t, want %t", address, got, want)
		}
	}
	if (proxy.Spec{NoProxy: []string{"10.0.0.0/8"}}).Direct("http://10.1.2.3") {
		t.Error("got an exception from no proxy at all, want none")
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mutate func(*proxy.Spec)
		want   string
	}{
		"a URL without scheme":         {func(s *proxy.Spec) { s.HTTP = "proxy.corp:3128" }, "operatingSystem.proxy.http"},
		"a URL of another scheme":      {func(s *proxy.Spec) { s.HTTPS = "socks5://proxy.corp" }, "operatingSystem.proxy.https"},
		"a user":                       {func(s *proxy.Spec) { s.HTTP = "http://a:b@proxy.corp" }, "has a user"},
		"a percent sign":               {func(s *proxy.Spec) { s.HTTP = "http://proxy.corp/%20" }, "read differently"},
		"a quote":                      {func(s *proxy.Spec) { s.HTTP = `http://proxy.corp/"` }, "read differently"},
		"two exceptions in one":        {func(s *proxy.Spec) { s.NoProxy = []string{"a,b"} }, `"a,b" is no host`},
		"an unknown package manager":   {func(s *proxy.Spec) { s.PackageManager = "pacman" }, `"pacman"`},
		"a file whose mark has no end": {func(s *proxy.Spec) { s.PackageManager = distros.Zypper }, "/etc/sysconfig/proxy: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := wish(distros.Apt)
			c.mutate(&spec)
			h := hosttest.New(hosttest.File("/etc/sysconfig/proxy", "# hostler: lines for operatingSystem.proxy begin here; changes of them are taken back\n"))
			if _, err := proxy.New(spec).Plan(t.Context(), h); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
