package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/agent/input"
	hostlermachine "github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/render"
)

// BenchmarkPlan plans the NodeGroup of the file that HOSTLER_BENCH_GROUP names
// again and again, as an agent does, on the machine that it runs on, which must
// be converged. Beside Go's own numbers it reports CPU time of all threads, bytes
// read, and the children that ran.
func BenchmarkPlan(b *testing.B) {
	group := os.Getenv("HOSTLER_BENCH_GROUP")
	if group == "" {
		b.Skip("HOSTLER_BENCH_GROUP does not name a NodeGroup that this machine is converged to")
	}
	wish := openWish(b, group)
	cpu, read := cpuTime(b, unix.RUSAGE_SELF), bytesRead(b)
	b.ReportAllocs()
	for b.Loop() {
		plan, err := wish.Plan(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if !plan.Converged() {
			b.Fatalf("the machine is not converged: the plan has %d ops", len(plan.Ops))
		}
	}
	b.ReportMetric(float64(cpuTime(b, unix.RUSAGE_SELF)-cpu)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(bytesRead(b)-read)/float64(b.N), "read-B/op")
	b.ReportMetric(float64(children(b)), "children")
}

func openWish(b *testing.B, group string) *hostlermachine.Wish {
	b.Helper()
	docs, err := input.ReadFiles([]string{group}, os.Stdin)
	if err != nil {
		b.Fatal(err)
	}
	node, err := hostlermachine.Open(hostlermachine.Config{Root: "/"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { node.Close() })
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	if err != nil {
		b.Fatal(err)
	}
	wish, err := node.Wish(revision)
	if err != nil {
		b.Fatal(err)
	}
	// The connection to systemd is made once in an agent's life.
	if _, err := wish.Plan(context.Background()); err != nil {
		b.Fatal(err)
	}
	return wish
}

func usage(b *testing.B, who int) syscall.Rusage {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		b.Fatal(err)
	}
	return usage
}

func cpuTime(b *testing.B, who int) time.Duration {
	b.Helper()
	u := usage(b, who)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// children is the memory of the largest child that was ever waited for: zero
// when there was none.
func children(b *testing.B) int64 {
	b.Helper()
	return usage(b, unix.RUSAGE_CHILDREN).Maxrss
}

// bytesRead is what this process has read so far, the file that tells it
// included.
func bytesRead(b *testing.B) int64 {
	b.Helper()
	content, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(content), "rchar: ")
	line, _, _ := strings.Cut(after, "\n")
	read, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return read
}
