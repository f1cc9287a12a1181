package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is one run of a command; it is what the stopwatch prints.
type sample struct {
	Wall, CPU     time.Duration
	PeakRSS, Read int64
	Tasks         int
}

// results are what the page tells.
type results struct {
	Machine   facts
	Rounds    int
	Load      string // of the machine that carries the measured one, when the measuring began
	Versions  map[string]string
	Processes []process
	InProcess inProcess
	Drifts    []string // what every tool had to name
}

// process are the samples of one peer.
type process struct {
	Name    string
	Samples []sample
}

// inProcess is one plan inside a process that lives on.
type inProcess struct {
	Wall, CPU time.Duration
	Read      int64
	Bytes     int64 // allocated
	Allocs    int64
	Plans     int
}

func measureAll(ctx context.Context, m *machine, rounds int) (*results, error) {
	if err := m.prove(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "measuring %d rounds\n", rounds)
	r := &results{Rounds: rounds, Drifts: changes()}
	var err error
	if r.Load, err = load(); err != nil {
		return nil, err
	}
	if r.Processes, err = m.processes(ctx, rounds); err != nil {
		return nil, err
	}
	if r.InProcess, err = m.inProcess(ctx); err != nil {
		return nil, err
	}
	if r.Versions, err = m.peerVersions(ctx); err != nil {
		return nil, err
	}
	r.Machine, err = m.facts(ctx)
	return r, err
}

// load is what this machine does beside: the mean number of running tasks of
// the last minute.
func load() (string, error) {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(content), " ")
	return first, nil
}

// processes measures whole processes, in turns.
func (m *machine) processes(ctx context.Context, rounds int) ([]process, error) {
	order := struct {
		Rounds   int
		Commands [][]string
	}{Rounds: rounds}
	for _, p := range peers {
		order.Commands = append(order.Commands, p.argv)
	}
	input, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	cmd, err := m.Command(ctx, "stopwatch")
	if err != nil {
		return nil, err
	}
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("measuring: %w\n%s", err, said.String())
	}
	var samples [][]sample
	if err := json.Unmarshal(out, &samples); err != nil {
		return nil, fmt.Errorf("reading what the stopwatch says: %w", err)
	}
	if len(samples) != len(peers) {
		return nil, fmt.Errorf("the stopwatch measured %d commands, want %d", len(samples), len(peers))
	}
	measured := make([]process, len(peers))
	for i, p := range peers {
		measured[i] = process{p.name, samples[i]}
	}
	return measured, nil
}

// inProcess runs the Go benchmark in the machine.
func (m *machine) inProcess(ctx context.Context) (inProcess, error) {
	const plans = 500
	out, err := m.Output(ctx, "env", "HOSTLER_BENCH_GROUP="+groupPath,
		"bench.test", "-test.run=^$", "-test.bench=^BenchmarkPlan$", "-test.benchtime="+strconv.Itoa(plans)+"x")
	if err != nil {
		return inProcess{}, err
	}
	metrics, err := parseBenchmark(out)
	if err != nil {
		return inProcess{}, err
	}
	if metrics["children"] != 0 {
		return inProcess{}, errors.New("planning a converged machine started a process")
	}
	return inProcess{
		Wall: time.Duration(metrics["ns/op"]), CPU: time.Duration(metrics["cpu-ns/op"]), Read: int64(metrics["read-B/op"]),
		Bytes: int64(metrics["B/op"]), Allocs: int64(metrics["allocs/op"]), Plans: plans,
	}, nil
}

// parseBenchmark reads the line of one Go benchmark: its name, how often it ran,
// then pairs of a number and its unit.
func parseBenchmark(output string) (map[string]float64, error) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "BenchmarkPlan") {
			continue
		}
		metrics := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", line, err)
			}
			metrics[fields[i+1]] = value
		}
		return metrics, nil
	}
	return nil, fmt.Errorf("the benchmark did not run:\n%s", output)
}

// spread is the middle and the ends of some values.
type spread[T cmp.Ordered] struct{ Min, Median, Max T }

// spreadOf takes one value from each sample. The median is a value that was
// measured: of an even number, the lower of the two in the middle.
func spreadOf[T cmp.Ordered](samples []sample, value func(sample) T) spread[T] {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = value(s)
	}
	slices.Sort(values)
	return spread[T]{values[0], values[(len(values)-1)/2], values[len(values)-1]}
}

func (p process) wall() spread[time.Duration] {
	return spreadOf(p.Samples, func(s sample) time.Duration { return s.Wall })
}

func (p process) cpu() spread[time.Duration] {
	return spreadOf(p.Samples, func(s sample) time.Duration { return s.CPU })
}

func (p process) peak() spread[int64] {
	return spreadOf(p.Samples, func(s sample) int64 { return s.PeakRSS })
}

func (p process) read() spread[int64] {
	return spreadOf(p.Samples, func(s sample) int64 { return s.Read })
}

func (p process) tasks() spread[int] {
	return spreadOf(p.Samples, func(s sample) int { return s.Tasks })
}
