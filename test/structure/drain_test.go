package structure

import (
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/test/rootfs"
)

// TestDockerWithoutLiveRestoreCostsADrain is what docs/profile.md says of proxy and caCertificates, whose steps leave the cost of a restart
// to the catalog.
func TestDockerWithoutLiveRestoreCostsADrain(t *testing.T) {
	t.Parallel()
	for liveRestore, want := range map[string]steps.Impact{"true": steps.Restart, "false": steps.Drain} {
		documents, err := input.Read("sample", strings.NewReader(whole("cri: {type: Docker, docker: {liveRestore: "+liveRestore+"}}\noperatingSystem: {proxy: {http: \"http://proxy:3128\"}}")))
		if err != nil {
			t.Fatal(err)
		}
		revision, err := render.Render(documents.Groups[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		host, err := rootfs.New("debian-12", hosttest.UnitFile("docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n"), hosttest.Running("docker.service"))
		if err != nil {
			t.Fatal(err)
		}
		facts, err := distros.Detect(host)
		if err != nil {
			t.Fatal(err)
		}
		list, err := agent.Catalog(&revision.Spec, agent.Machine{Release: facts.Release, Distro: facts.Distro})
		if err != nil {
			t.Fatal(err)
		}
		list = slices.DeleteFunc(list, func(s steps.Step) bool { return s.Name() != "proxy" })
		plan, err := engine.MakePlan(t.Context(), host, list)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Impact(); got != want {
			t.Errorf("a proxy for a Docker with liveRestore %s: got impact %s, want %s", liveRestore, got, want)
		}
	}
}
