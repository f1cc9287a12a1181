package firewall_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/firewall"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	firewalldConf = "/etc/firewalld/firewalld.conf"
	ufwConf       = "/etc/ufw/ufw.conf"
	install       = "[Install]\nWantedBy=multi-user.target\n"
)

// firewalld is RHEL's, as it is after installation.
func firewalld(conf string, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(
			hosttest.UnitFile("firewalld.service", "[Service]\nExecStart=/usr/sbin/firewalld --nofork --nopid\n"+install),
			hosttest.Enabled("firewalld.service"), hosttest.Running("firewalld.service"), hosttest.File(firewalldConf, conf),
		)
		f.Change(more...)
		return f
	}
}

// ufw is Ubuntu's. Its rules show in a file of the fake: whether they are loaded
// is nowhere else to be seen.
func ufw(conf string, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(
			hosttest.UnitFile("ufw.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/lib/ufw/ufw-init start quiet\n"+install),
			hosttest.Enabled("ufw.service"), hosttest.Running("ufw.service"),
			hosttest.FileWith(ufwConf, conf, host.Attr{Mode: 0o640}), hosttest.File("/etc/default/ufw", "IPV6=yes\nMANAGE_BUILTINS=no\n"),
			hosttest.File("/run/ufw-rules", "loaded\n"),
			hosttest.Handle("ufw", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
				word, rules := "yes", hosttest.File("/run/ufw-rules", "loaded\n")
				if cmd.Argv[len(cmd.Argv)-1] == "disable" {
					word, rules = "no", hosttest.Absent("/run/ufw-rules")
				}
				// The real one writes the file anew, in its own spelling.
				f.Change(rules, hosttest.File(ufwConf, "# written by ufw\nENABLED="+word+"\nLOGLEVEL=low\n"))
				return host.Output{}, nil
			}),
		)
		f.Change(more...)
		return f
	}
}

func off() steps.Step {
	return firewall.New(firewall.Spec{Disabled: true, Units: []string{"firewalld.service", "ufw.service"}})
}

func TestStep(t *testing.T) {
	t.Parallel()
	const enabled = "# /etc/ufw/ufw.conf\n\nENABLED=yes\n# low, medium\nLOGLEVEL=low\n"
	for _, c := range []steptest.Case{
		{Name: "stops and masks firewalld", Step: off, Host: firewalld("FirewallBackend=nftables\n"), Golden: "testdata/firewalld.golden"},
		{Name: "drains where firewalld uses iptables", Step: off, Host: firewalld("# RHEL 7 has no word on it\n"), Golden: "testdata/firewalld-iptables.golden"},
		{Name: "drains where firewalld has direct rules", Step: off, Golden: "testdata/firewalld-direct.golden",
			Host: firewalld("FirewallBackend=nftables\n", hosttest.File("/etc/firewalld/direct.xml", "<direct/>\n"))},
		{Name: "does not drain where firewalld leaves its rules", Step: off, Host: firewalld("CleanupOnExit=no\n"), Golden: "testdata/firewalld.golden"},
		{Name: "masks a firewalld that is stopped", Step: off, Golden: "testdata/stopped.golden",
			Host: firewalld("", hosttest.Inactive("firewalld.service"))},
		{Name: "switches ufw off and masks it", Step: off, Host: ufw(enabled), Golden: "testdata/ufw.golden"},
		{Name: "drains where ufw manages the built-in chains", Step: off, Golden: "testdata/ufw-builtins.golden",
			Host: ufw(enabled, hosttest.File("/etc/default/ufw", "MANAGE_BUILTINS=yes\n"))},
		{Name: "unloads rules that somebody loaded behind the mask", Step: off, Golden: "testdata/ufw-enabled.golden",
			Host: ufw(enabled, hosttest.Masked("ufw.service"), hosttest.Inactive("ufw.service"), hosttest.Reloaded())},
		{Name: "masks a ufw that is off", Step: off, Host: ufw("ENABLED=no\n"), Golden: "testdata/ufw-off.golden"},
		{Name: "edits only the files of an image", Step: off, Host: ufw(enabled, hosttest.Image()), Golden: "testdata/image.golden"},
		{Name: "wants nothing where there is no firewall", Step: off, Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "leaves firewalls alone when nothing is said", Golden: "testdata/converged.golden", Host: firewalld(""),
			Step: func() steps.Step { return firewall.New(firewall.Spec{Units: []string{"firewalld.service"}}) }},
	} {
		c.Kinds = []map[string]steps.Op{firewall.Kinds()}
		steptest.Run(t, c)
	}
}

func TestImageKeepsOtherLines(t *testing.T) {
	t.Parallel()
	f := ufw("# ENABLED=yes\n ENABLED = yes\r\nLOGLEVEL=low", hosttest.Image())()
	ops, err := off().Plan(t.Context(), f)
	if err != nil || len(ops) == 0 {
		t.Fatalf("got %v, %v, want a plan", ops, err)
	}
	if err := ops[0].Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got, want := f.Content(ufwConf), "# ENABLED=yes\nENABLED=no\r\nLOGLEVEL=low"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := strings.Count(f.Content(ufwConf), "ENABLED=no"); got != 1 {
		t.Errorf("got %d lines that say no, want 1", got)
	}
}
