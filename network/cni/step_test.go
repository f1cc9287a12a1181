package cni

import (
	"context"
	"net/netip"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/steptest"
)

var subnet = netip.MustParsePrefix("10.88.0.0/16")

const (
	confDir = "/etc/cni/net.d"
	binDir  = "/opt/cni/bin"
	marker  = "/var/lib/packages/kubernetes-cni"
)

// install is a step of packages; the package is plugins and a note of its version.
type install struct{ plugins []string }

func (r install) Name() string { return "packages" }

func (r install) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	const version = "1.7.1-1.1"
	if installed, err := v.ReadFile(marker); err == nil && string(installed) == version {
		return nil, nil
	}
	var ops []steps.Op
	for _, name := range r.plugins {
		ops = append(ops, op.File{Path: path.Join(binDir, name), Content: []byte("ELF"), Attr: host.Attr{Mode: 0o755}, Shown: steps.Diff{Action: "install"}})
	}
	// Last, as a package manager notes what is done.
	ops = append(ops, op.File{Path: marker, Content: []byte(version), Attr: host.Attr{Mode: 0o644}, Shown: steps.Diff{Action: "install", To: version}})
	return ops, nil
}

var allPlugins = []string{"bridge", "host-local", "loopback", "portmap"}

func step(change ...func(*Spec)) func() steps.Step {
	return func() steps.Step {
		spec := Spec{Type: Bridge, Subnet: subnet, Package: install{plugins: allPlugins}}
		for _, c := range change {
			c(&spec)
		}
		return New(spec)
	}
}

func notManaged(s *Spec) { s.Type, s.Subnet = NotManaged, netip.Prefix{} }

// installed is a host with the package.
func installed(more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(hosttest.File(marker, "1.7.1-1.1"))
	for _, name := range allPlugins {
		f.Change(hosttest.FileWith(path.Join(binDir, name), "ELF", host.Attr{Mode: 0o755}))
	}
	f.Change(more...)
	return f
}

func ours(t *testing.T) hosttest.Option {
	t.Helper()
	content, err := Conflist(subnet)
	if err != nil {
		t.Fatal(err)
	}
	return hosttest.File(path.Join(confDir, File), string(content))
}

func TestStep(t *testing.T) {
	t.Parallel()
	cases := []steptest.Case{
		{Name: "bare host", Golden: "bare", Step: step(), Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "converged host", Golden: "converged", Step: step(), Host: func() *hosttest.Fake { return installed(ours(t)) }},
		{Name: "another subnet before", Golden: "drift", Step: step(), Host: func() *hosttest.Fake {
			old, err := Conflist(netip.MustParsePrefix("10.22.0.0/16"))
			if err != nil {
				t.Fatal(err)
			}
			return installed(hosttest.FileWith(path.Join(confDir, File), string(old), host.Attr{Mode: 0o600}))
		}},
		{Name: "a foreign configuration that wins", Golden: "foreign", Step: step(), Host: func() *hosttest.Fake {
			return installed(ours(t), hosttest.File(confDir+"/05-cilium.conflist", "{}"), hosttest.File(confDir+"/00-old.conf.bak", "{}"), hosttest.File(confDir+"/87-podman.conflist", "{}"))
		}},
		{Name: "folder that was removed while containerd watched it", Golden: "blind", Step: step(), Host: func() *hosttest.Fake {
			return installed(hosttest.UnitFile("containerd.service", "[Service]\nExecStart=/usr/bin/containerd\n"), hosttest.Running("containerd.service"))
		}},
		{Name: "image that lacks the plugins", Golden: "image", Step: step(func(s *Spec) { s.Package = nil }),
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
		{Name: "not managed on a bare host", Golden: "not-managed", Step: step(notManaged), Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "not managed any more", Golden: "no-longer", Step: step(notManaged), Host: func() *hosttest.Fake {
			return installed(ours(t), hosttest.File(confDir+"/10-calico.conflist", "{}"))
		}},
	}
	for _, c := range cases {
		c.Golden = "testdata/" + c.Golden + ".golden"
		steptest.Run(t, c)
	}
}

func TestPlanFails(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host   *hosttest.Fake
		change func(*Spec)
		want   string
	}{
		"naming the plugins that the package does not have": {
			host: installed(hosttest.Absent(binDir+"/portmap"), hosttest.FileWith(binDir+"/loopback", "ELF", host.Attr{Mode: 0o644})), change: func(*Spec) {},
			want: "missing in /opt/cni/bin although their package is installed: loopback (not an executable file), portmap;",
		},
		"naming the plugins that nobody brings": {
			host: hosttest.New(), change: func(s *Spec) { s.Package = nil },
			want: "missing in /opt/cni/bin: bridge, host-local, loopback, portmap; put them there",
		},
		"without a subnet":         {host: installed(), change: func(s *Spec) { s.Subnet = netip.Prefix{} }, want: "spec.network.cni.bridge: the bridge needs a subnet"},
		"for a type not known":     {host: installed(), change: func(s *Spec) { s.Type = "Flannel" }, want: `network type "Flannel" is not supported`},
		"for a folder as the file": {host: installed(hosttest.Dir(path.Join(confDir, File), 0o755)), change: func(*Spec) {}, want: "is a directory where a file should be"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := step(c.change)().Plan(t.Context(), c.host)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestConflist(t *testing.T) {
	t.Parallel()
	got, err := Conflist(netip.MustParsePrefix("fd00:10:88::/64"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "cniVersion": "0.4.0",
  "name": "hostler",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [
          [
            {
              "subnet": "fd00:10:88::/64"
            }
          ]
        ],
        "routes": [
          {
            "dst": "::/0"
          }
        ]
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    }
  ]
}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCheckSubnet(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.88.0.0/16": "", "10.88.0.0/30": "", "fd00::/64": "",
		"10.88.0.1/16": "write the network, 10.88.0.0/16",
		"10.88.0.0/31": "too small",
		"10.88.0.0/32": "too small",
	} {
		err := CheckSubnet(netip.MustParsePrefix(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
