package kubelet

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// removedFlags are flags that people still have on their nodes, with the first 1.x
// that ends over them: "unknown flag".
var removedFlags = map[string]uint{
	"container-runtime":           27, // kubernetes/kubernetes#114017
	"keep-terminated-pod-volumes": 31, // kubernetes/kubernetes#122082
	"cloud-config":                34, // kubernetes/kubernetes#130161
	"pod-infra-container-image":   35, // kubernetes/kubernetes#133779
}

// kubeadmFlagsFile is where kubeadm keeps flags of its own; its drop-in reads it.
const kubeadmFlagsFile = "/var/lib/kubelet/kubeadm-flags.env"

// extraArgs is the variable that the packages' units and hostler's drop-in end the
// command line with.
const extraArgs = "KUBELET_EXTRA_ARGS"

// passedFlag is a flag on a line of a file.
type passedFlag struct {
	name string
	// variable is what the line assigns to, KUBELET_EXTRA_ARGS or ExecStart.
	variable string
	file     string
	line     int
}

func (f passedFlag) String() string {
	return fmt.Sprintf("%s:%d passes --%s in %s", f.file, f.line, f.name, f.variable)
}

// checkRemovedFlags finds the flags that the kubelet of a minor version does not know
// any more: a failure for each that it would be started with, so that the node does
// not find out, and a warning for each that only waits to be used.
func checkRemovedFlags(v host.View, environmentFile string, minor uint) error {
	dropIns, err := foreignDropIns(v)
	if err != nil {
		return err
	}
	files := []string{environmentFile, kubeadmFlagsFile}
	othersWin := false
	for _, d := range dropIns {
		files = append(files, d.file)
		othersWin = othersWin || d.wins()
	}
	var found []error
	for _, file := range files {
		flags, err := flagsIn(v, file)
		if err != nil {
			return err
		}
		for _, f := range flags {
			since, removed := removedFlags[f.name]
			switch {
			case !removed || minor < since:
			case f.variable == extraArgs || othersWin:
				found = append(found, fmt.Errorf("%s, which kubelet 1.%d and later refuse to start with: remove it there", f, since))
			default:
				found = append(found, steps.Warning("%s, which kubelet 1.%d and later refuse to start with; it has no effect as long as %s wins: remove it there",
					f, since, path.Base(DropInPath)))
			}
		}
	}
	return errors.Join(found...)
}

// flagsIn lists the flags in a file of systemd's, an environment file or a drop-in,
// that is there; lines that end in a backslash go on.
func flagsIn(v host.View, file string) ([]passedFlag, error) {
	if file == "" {
		return nil, nil
	}
	content, err := v.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var flags []passedFlag
	variable, goesOn, number := "", false, 0
	for line := range strings.Lines(string(content)) {
		number++
		text := strings.TrimSpace(line)
		if !goesOn {
			variable, text = assignment(text)
			// The last assignment counts, also for ExecStart, which is emptied before.
			flags = slices.DeleteFunc(flags, func(f passedFlag) bool { return f.variable == variable })
		}
		if goesOn = variable != "" && strings.HasSuffix(text, `\`); variable == "" {
			continue
		}
		for _, name := range flagNames(text) {
			flags = append(flags, passedFlag{name: name, variable: variable, file: file, line: number})
		}
	}
	return flags, nil
}

// assignment splits NAME=VALUE, of which a drop-in has some as the value of
// Environment= (systemd.exec(5)). A comment assigns nothing.
func assignment(line string) (variable, value string) {
	if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
		return "", ""
	}
	name, value, found := strings.Cut(line, "=")
	if !found {
		return "", ""
	}
	if name = strings.TrimSpace(name); name == "Environment" {
		return assignment(strings.TrimLeft(value, ` "'`))
	}
	return name, value
}

// flagNames lists the names of the flags in a piece of a command line.
func flagNames(args string) []string {
	var names []string
	for word := range strings.FieldsSeq(args) {
		word = strings.Trim(word, `"'`)
		if !strings.HasPrefix(word, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		names = append(names, name)
	}
	return names
}
