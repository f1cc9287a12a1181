package pkgmgr_test

import (
	"path"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const policyPath = "/usr/sbin/policy-rc.d"

func TestServicesStartWhenTheirConfigurationIsWritten(t *testing.T) {
	t.Parallel()
	service := apttest.Package{Name: "web", Version: "1.0", Starts: "web.service", Depends: []string{"other"}}
	other := apttest.Package{Name: "other", Version: "1.0", Starts: "other.service"}
	offered := apttest.Repository{Packages: []apttest.Package{service, other}}
	const foreign = "#!/bin/sh\nexit 0\n"
	cases := map[string]struct {
		more    hosttest.Option
		noStart []string
		started bool
		policy  string // afterwards
	}{
		"a package starts its service as the distribution does it":     {nil, nil, true, ""},
		"a service that hostler starts is not started by its package":  {nil, []string{"web.service"}, false, ""},
		"the service of another package is no business of the policy":  {nil, []string{"db.service"}, true, ""},
		"an administrator's policy decides, and stays":                 {hosttest.File(policyPath, foreign), []string{"web.service"}, true, foreign},
		"a policy that a killed hostler left goes, and forbids nobody": {hosttest.File(policyPath, leftBehind(t)), nil, true, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := debian(nil, offered)
			if c.more != nil {
				f.Change(c.more)
			}
			op := pkgmgr.Install{Manager: distros.Apt, Name: "web", To: "1.0", NoStart: c.noStart}
			if err := op.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			for unit, want := range map[string]bool{"web.service": c.started, "other.service": true} {
				_, err := f.Lstat(path.Join(apttest.StartedDir, unit))
				if got := err == nil; got != want {
					t.Errorf("%s: got started %t want %t", unit, got, want)
				}
			}
			if got := f.Content(policyPath); got != c.policy {
				t.Errorf("got policy %q afterwards want %q", got, c.policy)
			}
		})
	}
}

// leftBehind is the policy as hostler writes it, taken from a transaction under way.
func leftBehind(t *testing.T) string {
	t.Helper()
	f := debian(nil, apttest.Repository{Packages: []apttest.Package{failing}}, hosttest.Handle("rm", killed))
	op := pkgmgr.Install{Manager: distros.Apt, Name: "broken", To: "1.0", NoStart: []string{"x.service"}}
	if err := op.Do(t.Context(), f); err == nil {
		t.Fatal("got no error of a script that fails")
	}
	policy := f.Content(policyPath)
	if policy == "" {
		t.Fatal("got no policy while the transaction runs")
	}
	return policy
}

// killed is an rm that is never reached.
func killed(*hosttest.Fake, host.Command) (host.Output, error) { return host.Output{}, nil }

// TestPolicyIsThereOnlyForTheTransaction: also where that fails, or has nothing to do.
func TestPolicyIsThereOnlyForTheTransaction(t *testing.T) {
	t.Parallel()
	f := debian(nil, all)
	op := pkgmgr.Install{Manager: distros.Apt, Name: "broken", To: "1.0", NoStart: []string{"broken.service"}}
	if err := op.Do(t.Context(), f); err == nil {
		t.Error("got no error of a script that fails")
	}
	if got := f.Content(policyPath); got != "" {
		t.Errorf("after a failure: got policy %q want none", got)
	}
	settled := debian([]apttest.Package{kubelet36, cni, conntrack}, all, hosttest.File(policyPath, leftBehind(t)))
	if err := install("1.36.3").Do(t.Context(), settled); err != nil {
		t.Fatal(err)
	}
	if got := settled.Content(policyPath); got != "" {
		t.Errorf("with nothing to do: got policy %q want the one that a killed hostler left gone", got)
	}
}

// TestRemovedServicesAreStopped: the scripts of a package that goes must stop it.
func TestRemovedServicesAreStopped(t *testing.T) {
	t.Parallel()
	f := debian(nil, all)
	op := install("1.36.3")
	op.NoStart = []string{"kubelet.service"}
	inverse, err := op.Inverse(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	before := len(f.Calls())
	if err := inverse.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for _, call := range f.Calls()[before:] {
		if call.Subject == "install -m 0755 /dev/stdin "+policyPath {
			t.Errorf("got a policy in %q want none", call.Subject)
		}
	}
}
