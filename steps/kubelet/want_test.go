package kubelet

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestIdentityFlags(t *testing.T) {
	t.Parallel()
	base := []flag{{"config", ConfigPath}, {"bootstrap-kubeconfig", BootstrapPath}, {"kubeconfig", KubeconfigPath}}
	choose := func(text string) IPChooser {
		return func(context.Context, host.View) (netip.Addr, error) { return netip.ParseAddr(text) }
	}
	image := []hosttest.Option{hosttest.Image()}
	cases := map[string]struct {
		spec   Spec
		choose IPChooser
		host   []hosttest.Option
		want   []flag
	}{
		"the host's own name and address":      {Spec{}, nil, nil, nil},
		"a name that the host has anyway":      {Spec{NodeName: "node-7"}, nil, nil, nil},
		"another name":                         {Spec{NodeName: "db-1"}, nil, nil, []flag{{"hostname-override", "db-1"}}},
		"another name where the host has none": {Spec{NodeName: "db-1"}, nil, []hosttest.Option{hosttest.Sysctl("kernel.hostname", "localhost")}, []flag{{"hostname-override", "db-1"}}},
		"an address that is chosen":            {Spec{}, choose("10.0.0.7"), nil, []flag{{"node-ip", "10.0.0.7"}}},
		"a chosen address in IPv6's clothes":   {Spec{}, choose("::ffff:10.0.0.7"), nil, []flag{{"node-ip", "10.0.0.7"}}},
		"an address that is given":             {Spec{NodeIP: "10.0.0.9"}, choose("10.0.0.7"), nil, []flag{{"node-ip", "10.0.0.9"}}},
		"neither name nor address in an image": {Spec{NodeName: "db-1"}, choose("10.0.0.7"), image, nil},
		"a given address in an image":          {Spec{NodeIP: "0.0.0.0"}, nil, image, []flag{{"node-ip", "0.0.0.0"}}},
		"the default folder, spelt out or not": {Spec{RootDir: DefaultRootDir}, nil, nil, nil},
		"labels in the order of their names":   {Spec{Labels: map[string]string{"b": "", "a": "1"}}, nil, nil, []flag{{"node-labels", "a=1,b="}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Step{Spec: c.spec, ChooseIP: c.choose}.flags(t.Context(), bare(t, c.host...), BootstrapPath)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append(base[:3:3], c.want...), got, cmp.AllowUnexported(flag{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAnAddressThatComesLaterIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		fails bool
	}{
		"comes later": {steps.Later("the bridge is not up yet"), false},
		"cannot tell": {errors.New("no default route"), true},
	} {
		step := stepOf(worker("1.36.3"))
		step.ChooseIP = func(context.Context, host.View) (netip.Addr, error) { return netip.Addr{}, c.err }
		ops, err := step.Plan(t.Context(), bare(t))
		remarks, failure := steps.Split(err)
		if (failure != nil) != c.fails || (len(remarks) == 1) == c.fails || (len(ops) > 0) == c.fails {
			t.Errorf("%s: got %d ops, remarks %v, failure %v", name, len(ops), remarks, failure)
		}
	}
}

func TestWarnOfOverlay(t *testing.T) {
	t.Parallel()
	overlay := map[string]any{"streamingConnectionIdleTimeout": "1h"}
	for minor, want := range map[uint]int{33: 0, 34: 1} {
		remarks, failure := steps.Split(warnOfOverlay(overlay, version{1, minor, 0}))
		if failure != nil || len(remarks) != want {
			t.Errorf("1.%d: got %v, %v, want %d remarks", minor, remarks, failure, want)
		}
	}
}
