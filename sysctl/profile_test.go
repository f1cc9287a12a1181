package sysctl_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/sysctl"
)

// kernel is a host with every key of the profile, as a kernel of today has them after boot. br_netfilter
// and nf_conntrack are what the step before is to load.
func kernel(modules hosttest.ModuleKind, more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(
		hosttest.Sysctl("vm.overcommit_memory", "0"), hosttest.Sysctl("vm.panic_on_oom", "0"),
		hosttest.Sysctl("kernel.panic", "0"), hosttest.Sysctl("kernel.panic_on_oops", "0"),
		hosttest.Sysctl("kernel.keys.root_maxkeys", "1000000"), hosttest.Sysctl("kernel.keys.root_maxbytes", "25000000"),
		hosttest.Sysctl("net.ipv4.ip_forward", "0"), hosttest.Sysctl("net.ipv4.conf.all.rp_filter", "2"),
		hosttest.Sysctl("net.ipv6.conf.all.forwarding", "0"), hosttest.Sysctl("net.ipv6.conf.default.accept_ra", "1"),
		hosttest.Sysctl("net.ipv4.neigh.default.gc_thresh1", "128"), hosttest.Sysctl("net.ipv4.neigh.default.gc_thresh2", "512"),
		hosttest.Sysctl("net.ipv4.neigh.default.gc_thresh3", "1024"),
		hosttest.Sysctl("fs.inotify.max_user_instances", "128"), hosttest.Sysctl("fs.inotify.max_user_watches", "61234"),
		hosttest.Sysctl("kernel.pid_max", "4194304"), hosttest.Sysctl("vm.max_map_count", "65530"),
		hosttest.Module("br_netfilter", modules, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "0"), hosttest.Sysctl("net.bridge.bridge-nf-call-ip6tables", "0")),
		hosttest.Module("nf_conntrack", modules, hosttest.Sysctl("net.netfilter.nf_conntrack_max", "65536")),
	)
	f.Change(more...)
	return f
}

// settled is a kernel that has the profile's values for 2 CPUs already, so that a test is of what it changes.
func settled(more ...hosttest.Option) *hosttest.Fake {
	f := kernel(hosttest.Loaded)
	for _, e := range sysctl.KubernetesEntries() {
		if !e.Rare && !e.IPv6 {
			f.Change(hosttest.Sysctl(string(e.Key), e.Value))
		}
	}
	f.Change(more...)
	return f
}

func kubernetes(cpus int, values map[string]string) func() steps.Step {
	return func() steps.Step {
		return sysctl.New(sysctl.Spec{Values: values, Profile: sysctl.Kubernetes, Size: sysctl.Size{CPUs: cpus}})
	}
}

func TestProfileStep(t *testing.T) {
	t.Parallel()
	for _, c := range []steptest.Case{
		{Name: "sets the whole profile", Step: kubernetes(8, nil), Golden: "testdata/profile.golden",
			Host: func() *hosttest.Fake { return kernel(hosttest.Loaded) }},
		{Name: "gives way to the values of the NodeGroup, under each of their names", Golden: "testdata/profile-own.golden",
			Step: kubernetes(2, map[string]string{
				"net.ipv4.conf.all.forwarding": "0", "net.nf_conntrack_max": "65536", "fs/inotify/max_user_instances": "256", "kernel.panic": "0",
			}),
			Host: func() *hosttest.Fake {
				return settled(hosttest.Sysctl("net.ipv4.conf.all.forwarding", "1"), hosttest.Sysctl("net.nf_conntrack_max", "65536"))
			}},
		{Name: "keeps what is higher on the host, now and at boot", Step: kubernetes(2, nil), Golden: "testdata/profile-higher.golden",
			Host: func() *hosttest.Fake {
				return settled(hosttest.Sysctl("vm.max_map_count", "1048576"), hosttest.Sysctl("fs.inotify.max_user_watches", "1039923"),
					hosttest.File("/usr/lib/sysctl.d/10-inotify.conf", "fs.inotify.max_user_instances = 16384\n"))
			}},
		{Name: "skips what the kernel lacks, and sets what only old ones have", Step: kubernetes(2, nil), Golden: "testdata/profile-el7.golden",
			Host: func() *hosttest.Fake {
				return settled(hosttest.Sysctl("fs.may_detach_mounts", "0"), hosttest.NoSysctl("net.ipv4.neigh.default.gc_thresh1"),
					hosttest.NoSysctl("net.ipv4.neigh.default.gc_thresh2"), hosttest.NoSysctl("net.ipv4.neigh.default.gc_thresh3"))
			}},
		{Name: "sets IPv6 where pods have it", Golden: "testdata/profile-ipv6.golden",
			Step: func() steps.Step { return sysctl.New(sysctl.Spec{Profile: sysctl.Kubernetes, IPv6: true}) },
			Host: func() *hosttest.Fake { return settled() }},
		{Name: "keeps the file of an image, without what depends on the machine", Step: kubernetes(0, nil), Golden: "testdata/profile-image.golden",
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
	} {
		steptest.Run(t, c)
	}
}

// TestProfileWaitsForModules: the file has the keys of modules at once, so that it does not change when they are loaded.
func TestProfileWaitsForModules(t *testing.T) {
	t.Parallel()
	h := kernel(hosttest.Loadable)
	ops, err := kubernetes(2, nil)().Plan(t.Context(), h)
	remarks, failure := steps.Split(err)
	if failure != nil || len(remarks) != 3 {
		t.Fatalf("got %d remarks and failure %v, want a Later for each of 3 keys", len(remarks), failure)
	}
	for _, remark := range remarks {
		if remark.Kind != steps.RemarkLater {
			t.Errorf("got warning %q, want Later", remark.Text)
		}
	}
	if err := ops[0].Do(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	for _, module := range sysctl.ProfileModules(sysctl.Kubernetes) {
		if module == "overlay" {
			continue
		}
		if err := h.LoadModule(t.Context(), module); err != nil {
			t.Fatal(err)
		}
	}
	ops, err = kubernetes(2, nil)().Plan(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range ops {
		if op.Key() == "file:"+sysctl.File {
			t.Errorf("got %q in the plan once the modules are loaded, want live values only", op.Key())
		}
	}
}

func TestProfileLimits(t *testing.T) {
	t.Parallel()
	const key = "vm.max_map_count"
	file := func(value string) hosttest.Option {
		return hosttest.File(sysctl.File, "# Kept by hostler\n"+key+" = "+value+"\n")
	}
	for name, c := range map[string]struct {
		host []hosttest.Option
		// file is the value in the file afterwards, live that of the kernel.
		file, live string
	}{
		"raises what is too low":                             {nil, "524288", "524288"},
		"takes over what is higher":                          {[]hosttest.Option{hosttest.Sysctl(key, "1048576")}, "1048576", "1048576"},
		"takes over what another file will set":              {[]hosttest.Option{hosttest.File("/etc/sysctl.d/10-x.conf", key+"=1048576")}, "1048576", "1048576"},
		"does not follow what somebody raises later":         {[]hosttest.Option{file("524288"), hosttest.Sysctl(key, "999999")}, "524288", "999999"},
		"leaves what was lowered and is still enough":        {[]hosttest.Option{file("1048576"), hosttest.Sysctl(key, "600000")}, "1048576", "600000"},
		"raises what was lowered too far to the file's":      {[]hosttest.Option{file("1048576"), hosttest.Sysctl(key, "65530")}, "1048576", "1048576"},
		"raises what the file had before the profile did so": {[]hosttest.Option{file("1000")}, "524288", "524288"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := kernel(hosttest.Loaded, c.host...)
			for range 2 {
				ops, err := kubernetes(2, nil)().Plan(t.Context(), h)
				if err != nil {
					t.Fatal(err)
				}
				for _, op := range ops {
					if err := op.Do(t.Context(), h); err != nil {
						t.Fatal(err)
					}
				}
			}
			content, err := h.ReadFile(sysctl.File)
			if err != nil {
				t.Fatal(err)
			}
			if want := key + " = " + c.file + "\n"; !strings.Contains(string(content), want) {
				t.Errorf("got file\n%swant it to say %q", content, want)
			}
			if live, err := h.Sysctl(key); live != c.live || err != nil {
				t.Errorf("got live value %s, %v, want %s", live, err, c.live)
			}
		})
	}

	t.Run("warns of a later file that sets less, and of none that sets more", func(t *testing.T) {
		t.Parallel()
		h := kernel(hosttest.Loaded, hosttest.File(sysctl.File, "# Kept by hostler\nkernel.pid_max = 4194304\n"),
			hosttest.File("/etc/sysctl.d/99-a.conf", key+"=65530\nkernel.pid_max=5000000\n"))
		_, err := kubernetes(2, nil)().Plan(t.Context(), h)
		remarks, failure := steps.Split(err)
		if failure != nil || len(remarks) != 1 || !strings.Contains(remarks[0].Text, `"vm.max_map_count": line 1 of /etc/sysctl.d/99-a.conf`) {
			t.Errorf("got remarks %v and failure %v, want one warning of line 1", remarks, failure)
		}
	})

	t.Run("warns of a key that nobody can change, where a NodeGroup's own would fail", func(t *testing.T) {
		t.Parallel()
		h := kernel(hosttest.Loaded, hosttest.ReadOnlySysctl("kernel.panic", "0"))
		_, err := kubernetes(2, nil)().Plan(t.Context(), readOnly{h})
		remarks, failure := steps.Split(err)
		if failure != nil || len(remarks) == 0 || !strings.Contains(remarks[0].Text, "lets nobody change it") {
			t.Errorf("got remarks %v and failure %v, want warnings", remarks, failure)
		}
	})
}

func TestProfileData(t *testing.T) {
	t.Parallel()
	seen := map[sysctl.Key]bool{}
	for _, e := range sysctl.KubernetesEntries() {
		if e.Why == "" || e.Source == "" || e.Value == "" || (e.Scale == nil) != (e.Formula == "") {
			t.Errorf("%s: want a reason, a source and a value, and a formula where it is computed: %+v", e.Key, e)
		}
		for _, name := range append([]sysctl.Key{e.Key}, e.Also...) {
			if key, err := sysctl.ParseKey(string(name)); err != nil || key != name {
				t.Errorf("got key %q, %v of %q, want the canonical form", key, err, name)
			}
			if seen[name] {
				t.Errorf("%s is in the profile twice", name)
			}
			seen[name] = true
		}
	}
	for _, o := range sysctl.NotInProfile() {
		if seen[o.Key] || o.Why == "" {
			t.Errorf("%s is in the profile, or has no reason to be missing", o.Key)
		}
	}

	t.Run("has what the kubelet's protectKernelDefaults wants", func(t *testing.T) {
		t.Parallel()
		// kubernetes/kubernetes, staging/src/k8s.io/component-helpers/node/util/sysctl/sysctl.go
		want := []string{
			"kernel.keys.root_maxbytes = 25000000", "kernel.keys.root_maxkeys = 1000000", "kernel.panic = 10", "kernel.panic_on_oops = 1",
			"vm.overcommit_memory = 1", "vm.panic_on_oom = 0",
		}
		var got []string
		for _, e := range sysctl.KubernetesEntries() {
			if line := fmt.Sprintf("%s = %s", e.Key, e.Value); slices.Contains(want, line) && !e.AtLeast {
				got = append(got, line)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kubelet's values (-want +got):\n%s", diff)
		}
	})

	t.Run("names the modules to load before", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff([]string{"br_netfilter", "nf_conntrack", "overlay"}, sysctl.ProfileModules(sysctl.Kubernetes)); diff != "" {
			t.Errorf("modules (-want +got):\n%s", diff)
		}
		if got := sysctl.ProfileModules(""); got != nil {
			t.Errorf("got %v without a profile, want none", got)
		}
	})

	t.Run("grows conntrack with the CPUs", func(t *testing.T) {
		t.Parallel()
		for cpus, want := range map[int]string{1: "524288", 4: "524288", 5: "655360", 128: "16777216"} {
			h := kernel(hosttest.Loaded)
			ops, err := kubernetes(cpus, nil)().Plan(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, op := range ops {
				if op.Key() == "sysctl:net.netfilter.nf_conntrack_max" {
					got = op.Diff().To
				}
			}
			if got != want {
				t.Errorf("got %q for %d CPUs, want %q", got, cpus, want)
			}
		}
	})

	t.Run("is one of those that there are", func(t *testing.T) {
		t.Parallel()
		if err := (sysctl.Spec{Profile: "kubernetes"}).Check(); err == nil {
			t.Error("got no error for a profile that does not exist")
		}
	})
}

// readOnly has keys that nobody may write, as in a container.
type readOnly struct{ *hosttest.Fake }

func (r readOnly) Stat(p string) (host.Info, error) {
	if strings.HasPrefix(p, "/proc/sys/") {
		return host.Info{Mode: 0o444}, nil
	}
	return r.Fake.Stat(p)
}
