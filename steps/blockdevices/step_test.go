package blockdevices_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/blockdevices"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// disk is a disk whose kernel does what blk_mq_init_sched does: a new scheduler sets the
// length of the queue.
func disk(name, scheduler string, requests, readAhead int) hosttest.Option {
	return func(f *hosttest.Fake) {
		queue := "/sys/block/" + name + "/queue/"
		f.Change(
			hosttest.Attribute(queue+"scheduler", scheduler),
			hosttest.Attribute(queue+"nr_requests", fmt.Sprint(requests)),
			hosttest.Attribute(queue+"read_ahead_kb", fmt.Sprint(readAhead)),
			hosttest.OnAttribute(queue+"scheduler", func(f *hosttest.Fake) {
				f.Change(hosttest.Attribute(queue+"nr_requests", "256"))
			}),
		)
	}
}

// machine has two kinds of disks, and what is no disk.
func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(
			disk("sda", "[mq-deadline] kyber none", 300, 128),
			disk("sdb", "mq-deadline kyber [none]", 64, 4096),
			disk("nvme0n1", "[none] mq-deadline", 1023, 128),
			disk("dm-0", "none", 128, 128),
			hosttest.Attribute("/sys/block/md0/queue/read_ahead_kb", "128"),
			disk("loop0", "[none] mq-deadline", 128, 128),
		)
		f.Change(more...)
		return f
	}
}

func number(n int) *int { return &n }

var all = []blockdevices.QueueWish{
	{Match: "nvme*n*", Scheduler: "none", Requests: number(1023)},
	{Match: "sd[a-z]", Scheduler: "none", Requests: number(64), ReadAheadKB: number(4096)},
	{Match: "*", ReadAheadKB: number(256)},
}

func wish(queues ...blockdevices.QueueWish) func() steps.Step {
	return func() steps.Step { return blockdevices.New(blockdevices.Spec{Queues: queues}) }
}

func TestStep(t *testing.T) {
	t.Parallel()
	applied := func() *hosttest.Fake {
		f := machine()()
		ops, err := wish(all...)().Plan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range ops {
			if err := o.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		return f.Clone() // without the record of these edits
	}
	for _, c := range []steptest.Case{
		{Name: "sets disks and writes the rule", Step: wish(all...), Host: machine(), Golden: "testdata/bare.golden"},
		{Name: "wants nothing of a converged host", Step: wish(all...), Host: applied, Golden: "testdata/converged.golden"},
		{Name: "sets back what somebody changed", Step: wish(all...), Golden: "testdata/drifted.golden",
			Host: func() *hosttest.Fake {
				f := applied()
				f.Change(hosttest.Attribute("/sys/block/sda/queue/read_ahead_kb", "12"))
				return f
			}},
		{Name: "gives the length back that a new scheduler takes along", Host: machine(), Golden: "testdata/scheduler.golden",
			Step: wish(blockdevices.QueueWish{Match: "sda", Scheduler: "none"})},
		{Name: "warns of a scheduler that a disk does not offer", Host: machine(), Golden: "testdata/unknown.golden",
			Step: wish(blockdevices.QueueWish{Match: "*", Scheduler: "bfq", ReadAheadKB: number(256)})},
		{Name: "keeps only the rule of an image", Step: wish(all...), Host: machine(hosttest.Image()), Golden: "testdata/image.golden"},
		{Name: "takes its rule away and leaves the disks", Step: wish(), Golden: "testdata/removed.golden", Host: applied},
		{Name: "does without disks", Step: wish(all...), Golden: "testdata/no-disks.golden", Host: func() *hosttest.Fake { return hosttest.New() }},
	} {
		c.Kinds = []map[string]steps.Op{blockdevices.Kinds()}
		steptest.Run(t, c)
	}
}

// The kernel sets the length anew with the scheduler, so the scheduler goes first
// and the length is written even if it was right before, there and back.
func TestOrder(t *testing.T) {
	t.Parallel()
	f := machine()()
	ops, err := wish(blockdevices.QueueWish{Match: "sda", Scheduler: "none", Requests: number(300)})().Plan(t.Context(), f)
	if err != nil || len(ops) != 2 {
		t.Fatalf("got %v, %v, want the rule and the disk", ops, err)
	}
	back, err := ops[1].Inverse(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []steps.Op{ops[1], back} {
		before := len(f.Calls())
		if err := o.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		var wrote []string
		for _, call := range f.Calls()[before:] {
			wrote = append(wrote, call.Subject)
		}
		want := "/sys/block/sda/queue/scheduler /sys/block/sda/queue/nr_requests"
		if got := strings.Join(wrote, " "); got != want {
			t.Errorf("got writes %s, want %s", got, want)
		}
	}
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]blockdevices.QueueWish{
		"no pattern":               {Scheduler: "none"},
		"a broken pattern":         {Match: "sd[a"},
		"a quote in a pattern":     {Match: `sd"`},
		"a path":                   {Match: "/dev/sda"},
		"a scheduler with a quote": {Match: "sd*", Scheduler: `none", RUN+="x`},
		"a negative read-ahead":    {Match: "sd*", ReadAheadKB: number(-1)},
		"an empty queue":           {Match: "sd*", Requests: number(0)},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if err := (blockdevices.Spec{Queues: []blockdevices.QueueWish{{Match: "sd*"}, bad}}).Check(); err == nil {
				t.Errorf("got no error for %+v", bad)
			}
		})
	}
	var v host.View = machine()()
	if _, err := wish(blockdevices.QueueWish{Match: ""})().Plan(t.Context(), v); err == nil {
		t.Error("got a plan for a Spec that is wrong")
	}
}
