package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// facts say on what was measured.
type facts struct {
	Date                            string
	Processor, Kernel, Distribution string
	Cores                           int
	Memory                          string
	Packages                        int // on the measured machine
	Go                              string
}

func (m *machine) facts(ctx context.Context) (facts, error) {
	f := facts{Date: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(), Go: runtime.Version()}
	processor, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return facts{}, err
	}
	f.Processor = field(string(processor), "model name")
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return facts{}, err
	}
	kib, _ := strconv.Atoi(strings.TrimSuffix(field(string(memory), "MemTotal"), " kB"))
	f.Memory = fmt.Sprintf("%d GiB", (kib+1<<19)>>20)
	out, err := m.Shell(ctx, `uname -r; . /etc/os-release; echo "$PRETTY_NAME"; dpkg-query -f '.\n' -W | wc -l`)
	if err != nil {
		return facts{}, err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 {
		return facts{}, fmt.Errorf("asking the machine what it is: got %q, want three lines", out)
	}
	f.Kernel, f.Distribution = lines[0], lines[1]
	f.Packages, err = strconv.Atoi(lines[2])
	return f, err
}

// field is the value of the first "name : value" line.
func field(text, name string) string {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
