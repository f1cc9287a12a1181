package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

//go:embed page.md.tmpl
var pageText string

// goal is a ratio to hostler that design and users expect.
type goal struct {
	peer string
	wall float64 // times hostler's
}

var goals = []goal{{"bash", 2}, {"CFEngine", 2}, {"Puppet", 30}, {"Ansible", 100}}

// goalCPU is what a plan inside a process may cost.
const goalCPU = 5 * time.Millisecond

// row is a line of the table of processes, ready to print.
type row struct {
	Name, Wall, Range, CPU, Peak, Read, Ratio, CPURatio string
	Tasks                                               int
}

// verdict is a line of the table of goals.
type verdict struct{ What, Goal, Measured, Met string }

// writePage writes the results down, complete, or leaves the old page.
func writePage(path string, r *results) error {
	content, err := page(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp := path + ".new"
	if err := os.WriteFile(temp, content, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	fmt.Printf("%s\nwritten to %s\n", content, path)
	return nil
}

func page(r *results) ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{
		"Results": r, "Rows": rows(r.Processes), "Verdicts": verdicts(r),
		"Wall": duration(r.InProcess.Wall), "CPU": duration(r.InProcess.CPU),
		"Read": size(r.InProcess.Read), "Bytes": size(r.InProcess.Bytes),
	})
	return out.Bytes(), err
}

// rows compares each process with the first.
func rows(processes []process) []row {
	var list []row
	first := processes[0]
	for _, p := range processes {
		wall := p.wall()
		list = append(list, row{
			Name: p.Name, Wall: duration(wall.Median), Range: duration(wall.Min) + " – " + duration(wall.Max),
			CPU: duration(p.cpu().Median), Peak: size(p.peak().Median), Read: size(p.read().Median), Tasks: p.tasks().Min,
			Ratio: times(wall.Median, first.wall().Median), CPURatio: times(p.cpu().Median, first.cpu().Median),
		})
	}
	return list
}

// verdicts tell which goals were reached in this run.
func verdicts(r *results) []verdict {
	var list []verdict
	first := r.Processes[0]
	for _, g := range goals {
		for _, p := range r.Processes {
			if p.Name != g.peer {
				continue
			}
			ratio := float64(p.wall().Median) / float64(first.wall().Median)
			list = append(list, verdict{
				"`hostler verify` against " + p.Name, fmt.Sprintf("%.0f × faster", g.wall),
				times(p.wall().Median, first.wall().Median) + " (CPU: " + times(p.cpu().Median, first.cpu().Median) + ")", yesNo(ratio >= g.wall),
			})
		}
	}
	return append(list, verdict{
		"a plan inside a process", "≤ " + duration(goalCPU) + " CPU", duration(r.InProcess.CPU), yesNo(r.InProcess.CPU <= goalCPU),
	}, verdict{"processes started by that plan", "0", "0", yesNo(true)})
}

func yesNo(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}

// times is how often b goes into a.
func times(a, b time.Duration) string {
	ratio := float64(a) / float64(b)
	if ratio < 10 {
		return fmt.Sprintf("%.1f ×", ratio)
	}
	return fmt.Sprintf("%.0f ×", ratio)
}

// duration has three digits, for people.
func duration(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 100*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/1e6), ".0") + " ms"
	}
}

// size is in units of 1024.
func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", (n+1<<9)>>10)
}
