package trust_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/trust"
)

const (
	folder = "/usr/local/share/ca-certificates"
	bundle = "/etc/ssl/certs/ca-certificates.crt"
)

func debian(certificates ...trust.Certificate) trust.Spec {
	return trust.Spec{
		Certificates: certificates, Dir: folder, Suffix: ".crt", Update: []string{"update-ca-certificates"}, Bundle: bundle, Package: "ca-certificates",
		Restart: []trust.Unit{{Name: "containerd.service", Cost: steps.Restart}, {Name: "kubelet.service", Cost: steps.Restart}},
	}
}

// update is what update-ca-certificates does, as far as the step sees it.
func update(f *hosttest.Fake, _ host.Command) (host.Output, error) {
	var all strings.Builder
	all.WriteString("# the distribution's\n")
	names, err := f.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // the script goes on without the folder
		return host.Output{}, err
	}
	for _, name := range names {
		all.WriteString(f.Content(path.Join(folder, name)))
	}
	f.Change(hosttest.File(bundle, all.String()))
	return host.Output{Stdout: []byte("done.\n")}, nil
}

// machine is Debian with certificates by file name, a bundle made of them, and a
// containerd that runs.
func machine(files map[string]string, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(hosttest.Handle("update-ca-certificates", update), hosttest.FileWith("/usr/sbin/update-ca-certificates", "#!/bin/sh\n", host.Attr{Mode: 0o755}),
			hosttest.Dir(folder, 0o755), hosttest.UnitFile("containerd.service", "[Service]\n"), hosttest.Running("containerd.service"), hosttest.UnitFile("kubelet.service", "[Service]\n"))
		for name, content := range files {
			f.Change(hosttest.File(path.Join(folder, name), content))
		}
		if _, err := update(f, host.Command{}); err != nil {
			f.Change(hosttest.File("/broken", err.Error()))
		}
		f.Change(more...)
		return f
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	corp, second, old, leaf := authority(t, "corp"), authority(t, "second"), authority(t, "expired"), authority(t, "leaf")
	in := func(spec trust.Spec) func() steps.Step { return func() steps.Step { return trust.New(spec) } }
	ours := map[string]string{"hostler-corp.crt": corp}
	one := in(debian(trust.Certificate{Name: "corp", PEM: corp}))
	for _, c := range []steptest.Case{
		{Name: "trusts an authority", Step: one, Golden: "testdata/add.golden", Host: machine(map[string]string{"site.crt": second})},
		{Name: "makes a file of each certificate", Step: in(debian(trust.Certificate{Name: "corp", PEM: join(corp, second)})), Golden: "testdata/several.golden", Host: machine(nil)},
		{Name: "wants nothing of a host that trusts it", Step: one, Golden: "testdata/converged.golden", Host: machine(ours)},
		{Name: "replaces and removes what was", Step: in(debian(trust.Certificate{Name: "corp", PEM: second})), Golden: "testdata/replace.golden",
			Host: machine(map[string]string{"hostler-corp.crt": corp, "hostler-corp_2.crt": corp, "hostler-old.crt": corp, "site.crt": corp})},
		{Name: "takes its files away when nothing is wanted", Step: in(debian()), Golden: "testdata/removed.golden", Host: machine(map[string]string{"hostler-corp.crt": corp, "site.crt": second})},
		{Name: "leaves files and links of others", Step: in(debian()), Golden: "testdata/converged.golden",
			Host: machine(map[string]string{"site.crt": second, "hostler-notes.txt": "x"}, hosttest.Link(folder+"/hostler-link.crt", folder+"/site.crt"))},
		{Name: "writes the files of an image", Step: one, Golden: "testdata/image.golden", Host: machine(map[string]string{"hostler-old.crt": corp}, hosttest.Image())},
		{Name: "makes the folder where there is none", Step: one, Golden: "testdata/add.golden", Host: func() *hosttest.Fake {
			f := machine(nil)()
			if err := f.Remove(folder); err != nil {
				t.Error(err)
			}
			return f.Clone()
		}},
		{Name: "warns of what nothing will trust", Step: in(debian(trust.Certificate{Name: "old", PEM: old}, trust.Certificate{Name: "leaf", PEM: leaf})), Golden: "testdata/warnings.golden",
			Host: machine(map[string]string{"hostler-old.crt": old, "hostler-leaf.crt": leaf}, hosttest.File(bundle, "# a tool that leaves both out\n"))},
		{Name: "wants nothing where nothing is known and wished", Step: in(trust.Spec{}), Golden: "testdata/converged.golden", Host: machine(ours)},
		// The overwritten bundle is not given back: nobody made it with the command.
		{Name: "makes an overwritten bundle anew", Step: one, Golden: "testdata/drifted.golden", Irreversible: []string{"trust:" + bundle},
			Host: machine(ours, hosttest.File(bundle, "# empty\n"))},
		{Name: "makes a bundle that is gone", Step: one, Golden: "testdata/drifted.golden", Irreversible: []string{"trust:" + bundle}, Host: func() *hosttest.Fake {
			f := machine(ours)()
			if err := f.Remove(bundle); err != nil {
				t.Error(err)
			}
			return f.Clone()
		}},
	} {
		c.Kinds = []map[string]steps.Op{trust.Kinds()}
		steptest.Run(t, c)
	}
}

func TestPlanWaitsForTheCommand(t *testing.T) {
	t.Parallel()
	spec := debian(trust.Certificate{Name: "corp", PEM: authority(t, "corp")})
	ops, err := trust.New(spec).Plan(t.Context(), hosttest.New())
	remarks, failure := steps.Split(err)
	if len(ops) > 0 || failure != nil || len(remarks) != 1 || remarks[0].Kind != steps.RemarkLater || !strings.Contains(remarks[0].Text, "install the package ca-certificates") {
		t.Errorf("got %v and %v, want a wait that names the package", ops, err)
	}
}

func TestPlanReportsAFailedCommand(t *testing.T) {
	t.Parallel()
	spec := debian(trust.Certificate{Name: "corp", PEM: authority(t, "corp")})
	h := machine(nil, hosttest.Handle("update-ca-certificates", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
		return host.Output{}, hosttest.Exit(cmd, 1, "no space left on device")
	}))()
	ops, err := trust.New(spec).Plan(t.Context(), h)
	if err != nil || len(ops) == 0 {
		t.Fatalf("got %v, %v, want a plan", ops, err)
	}
	if err := ops[0].Do(t.Context(), h); err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), bundle) {
		t.Errorf("got %v, want what the command said and the bundle", err)
	}
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	corp := authority(t, "corp")
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, c := range map[string]struct {
		mutate func(*trust.Spec)
		want   string
	}{
		"a name that is a path":         {func(s *trust.Spec) { s.Certificates[0].Name = "../corp" }, "caCertificates[../corp]: the name must be"},
		"a name that comes twice":       {func(s *trust.Spec) { s.Certificates = append(s.Certificates, s.Certificates[0]) }, "comes twice"},
		"text that is no PEM":           {func(s *trust.Spec) { s.Certificates[0].PEM = "corp" }, "certificate 1 is no PEM"},
		"a second one that is cut off":  {func(s *trust.Spec) { s.Certificates[0].PEM = corp + corp[:100] }, "certificate 2 is no PEM"},
		"a private key":                 {func(s *trust.Spec) { s.Certificates[0].PEM = corp + key }, "holds a PRIVATE KEY"},
		"bytes that are no certificate": {func(s *trust.Spec) { s.Certificates[0].PEM = strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE") }, "certificate 1: x509"},
		"a distribution without facts":  {func(s *trust.Spec) { s.Dir = "" }, "not known where"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := debian(trust.Certificate{Name: "corp", PEM: corp})
			c.mutate(&spec)
			if _, err := trust.New(spec).Plan(t.Context(), machine(nil)()); err == nil || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
