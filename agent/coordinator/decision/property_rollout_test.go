package decision_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// scenarios are what rollouts are drawn from. Small groups are cheap, and two machines are enough for most of what can go wrong.
var scenarios = []scenario{
	{name: "nothing but the network is late", share: 2, teams: 1, machines: 3, plain: true},
	{name: "settings of all kinds", share: 3, teams: 1, machines: 3},
	{name: "people edit and ask", share: 4, teams: 1, machines: 3, people: 5},
	{name: "machines and coordinators fail", share: 4, teams: 1, machines: 3, luck: 4},
	{name: "people and failures", share: 4, teams: 1, machines: 3, people: 5, luck: 4},
	{name: "two groups under one policy", share: 2, teams: 2, machines: 4, people: 4, luck: 3},
	{name: "many machines", share: 1, teams: 1, machines: 8, people: 2, luck: 2},
}

const (
	// wantRollouts is how many rollouts are played in all.
	wantRollouts = 20_000
	// shares are those of all scenarios.
	shares = 20
	// shrinking is how long rapid looks for a shorter history of a failure.
	shrinking = "10s"
)

// TestMain sets what rapid leaves to flags, unless somebody gives them.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"rapid.checks": fmt.Sprint(wantRollouts / shares), "rapid.shrinktime": shrinking, "rapid.nofailfile": "true",
	} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	// All that lives is one small cluster at a time: it is not worth collecting so often what it leaves behind.
	debug.SetGCPercent(3000)
	os.Exit(m.Run())
}

// drawn are dice that rapid throws, so that it can shrink what they made happen.
type drawn struct{ t *rapid.T }

var sides = func() (generators [200]*rapid.Generator[int]) {
	for i := range generators {
		generators[i] = rapid.IntRange(0, i)
	}
	return generators
}()

func (d drawn) roll(n int) int {
	if n <= 1 {
		return 0
	}
	if n <= len(sides) {
		return sides[n-1].Draw(d.t, "die")
	}
	return rapid.IntRange(0, n-1).Draw(d.t, "die")
}

// seeded are dice that always fall the same.
type seeded struct{ *rand.Rand }

func newSeeded(seed uint64) seeded { return seeded{rand.New(rand.NewPCG(seed, 1))} }

func (d seeded) roll(n int) int {
	if n <= 1 {
		return 0
	}
	return d.IntN(n)
}

// Whatever people do and whatever fails, no rule is broken, and what can end ends.
func TestRollouts(t *testing.T) {
	t.Parallel()
	var played atomic.Int64
	t.Run("scenarios", func(t *testing.T) {
		for _, s := range scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				for range s.share {
					rapid.Check(t, func(t *rapid.T) {
						c := s.rollout(drawn{t}, decision.Decide)
						if played.Add(1); c.broken != "" {
							t.Fatalf("%s", c.story())
						}
					})
				}
			})
		}
	})
	if chosen := flag.Lookup("test.run").Value.String(); strings.Contains(chosen, "/") {
		return // somebody looks at one scenario
	}
	if got := played.Load(); got < wantRollouts {
		t.Errorf("got %d rollouts, want %d", got, wantRollouts)
	}
}
