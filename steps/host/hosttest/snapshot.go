package hosttest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hostler-dev/hostler/steps/host"
)

// Snapshot describes the whole host as sorted text, one fact a line, so that
// two of them compare well with go-cmp: files with contents, modes and owners,
// links, sysctls, modules, swap and units. Folders in except are left out with
// all below them; StateDir is the usual one. Times, process ids and logs are no
// part of it: a host that was given back as it was has others.
func (f *Fake) Snapshot(except ...string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	f.snapshotTree(&b, "/", f.root, except)
	for _, key := range slices.Sorted(maps.Keys(f.sysctls)) {
		fmt.Fprintf(&b, "sysctl %s = %q\n", key, f.sysctls[key].value)
	}
	for _, name := range slices.Sorted(maps.Keys(f.modules)) {
		fmt.Fprintf(&b, "module %s %s\n", name, f.modules[name].kind)
	}
	for _, device := range f.swaps {
		fmt.Fprintf(&b, "swap %s\n", device)
	}
	f.snapshotUnits(&b)
	return b.String()
}

func (f *Fake) snapshotTree(b *strings.Builder, p string, n *node, except []string) {
	if slices.Contains(except, p) {
		return
	}
	switch {
	case n.isLink():
		fmt.Fprintf(b, "%s -> %s\n", p, n.target)
		return
	default:
		fmt.Fprintf(b, "%s %v %d:%d\n", p, n.mode, n.uid, n.gid)
	}
	if n.mode.IsRegular() {
		snapshotContent(b, p, n.content)
	}
	for _, name := range n.names() {
		f.snapshotTree(b, path.Join(p, name), n.children[name], except)
	}
}

func snapshotContent(b *strings.Builder, p string, content []byte) {
	if !utf8.Valid(content) {
		fmt.Fprintf(b, "%s | %x\n", p, content)
		return
	}
	for line := range strings.Lines(string(content)) {
		text, ended := strings.CutSuffix(line, "\n")
		if !ended {
			text += " (no newline)"
		}
		fmt.Fprintf(b, "%s | %s\n", p, text)
	}
}

func (f *Fake) snapshotUnits(b *strings.Builder) {
	if f.image {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(f.units)) {
		unit, err := f.unit(name)
		if err != nil {
			fmt.Fprintf(b, "unit %s: %v\n", name, err)
			continue
		}
		reload := ""
		if unit.NeedDaemonReload {
			reload = " needs-daemon-reload"
		}
		fmt.Fprintf(b, "unit %s %s %s %s%s\n", name, unit.LoadState, unit.ActiveState, unit.UnitFileState, reload)
	}
}

// String returns the name that Snapshot uses.
func (k ModuleKind) String() string {
	switch k {
	case Loaded:
		return "loaded"
	case Builtin:
		return "builtin"
	}
	return "loadable"
}

// Attr returns owner and mode of a path for assertions; the zero Attr when it
// is not there.
func (f *Fake) Attr(p string) host.Attr {
	info, err := f.Lstat(p)
	if err != nil {
		return host.Attr{}
	}
	return info.Attr()
}

// Content returns the contents of a file for assertions, empty when there is none.
func (f *Fake) Content(p string) string {
	content, err := f.ReadFile(p)
	if err != nil {
		return ""
	}
	return string(content)
}
