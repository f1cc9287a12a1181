package distros

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDistributionsPage keeps docs/distributions.md what the rows say; -update writes it.
func TestDistributionsPage(t *testing.T) {
	t.Parallel()
	var refused []string
	for _, name := range []string{"kali-2025.4", "ubuntu-25.04", "alpine-3.23.2"} {
		_, err := detect(t, newTree(sample(t, name))).Require(false)
		if err == nil {
			t.Fatalf("%s: got no refusal to show", name)
		}
		refused = append(refused, err.Error())
	}
	golden(t, "../docs/distributions.md", page(Table(), immutables, refused))
}

func TestPageQuotesAPlan(t *testing.T) {
	t.Parallel()
	plan, err := os.ReadFile("../agent/testdata/plans/rosa-12.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(plan), "refused: "+aRefusal+"\n") {
		t.Errorf("the golden plan of ROSA 12 does not begin with what the page quotes, %q", aRefusal)
	}
}

func TestPageShowsWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	got := page([]Release{{ID: "new", Version: "1", Name: "New 1", Tested: "sample tree and golden plans; nothing else", Notes: []string{"it is new"}}}, nil, nil)
	for _, want := range []string{
		"| New 1, **not supported** | `new-1` |  | – | – | – | – | nothing else |\n",
		"- **New 1**: it is new\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got no line\n%sin\n%s", want, got)
		}
	}
}

// aRefusal is what a plan says where a fact is missing.
const aRefusal = "spec.cri.containerd.package: hostler does not know what the package of containerd is called on ROSA 12: name it here"

const pageHead = `# Distributions

Written from the rows in ` + "`distros`" + ` (` + "`go test ./distros -run Page -update`" + `); do not edit.

**Supported** means that three things are there: a row of facts with their sources, a sample tree of the release (its own os-release and the
files that hostler meets on a fresh machine of it), and a golden plan of [the whole profile](../examples/profile.yaml) on that tree, which
the tests compare at every change. It does not mean that hostler has run on a machine of that release. A row that is not supported is refused like a system without
a row; its notes say why.

**Tested** says what has run beside that:

- Debian 11, 12 and 13 are machines in the tests, with their own apt and systemd: they become nodes by the whole profile, each item is changed
  by hand and repaired, and the machine is given back as it was. Docker is real on 12 (20.10) and 13 (26.1).
- dnf (4.14) and zypper (1.14) are the real programs, as Debian packages them, over the real rpm on a Debian 12 that says it is Rocky Linux 9 or openSUSE Leap: they
  install, hold, upgrade, downgrade and remove, and all of it is taken back. The one with dnf goes through the whole profile, certificates excepted. What else
  is of those distributions is sample trees and golden plans.
- yum, dnf 5 and apt for rpm have not run. yum goes by its manual and by output that people published, dnf 5 by its manual, apt for rpm by its
  manual and source.
- cri-dockerd could not be had for the test machines: golden plans are all there is for it.

A fact that nobody could find a source for is left empty. A plan that needs it is refused with the field to set instead, and the rest of the
profile works: ` + "`" + aRefusal + "`" + `.

` + "`hostler facts`" + ` shows what a machine is taken for.

## The matrix

The row is found by os-release, whose version hostler compares without the vendor's ornaments. cgroup is what the release boots with; v2 is said where it is known. – is: not
known, changed within the release, or there is none. Docker is the distribution's package, or docker-ce where Docker's own repository
has it.

| distribution | row | packages | systemd | cgroup | containerd | Docker | tested, beside tree and plans |
|---|---|---|---|---|---|---|---|
`

const pageOthers = `
## Systems without a row

Another version of a known distribution, and a derivative (by ID_LIKE), would be treated as the closest row. Until somebody says so it is refused, with
exit code 4 and the reason; ` + "`--allow-unsupported-distro`" + ` goes on with the facts of that row. A system that resembles nothing cannot be allowed.

`

const pageImmutables = `
## Immutable systems

Their ` + "`/usr`" + ` is an image: packages cannot be installed, and what is written elsewhere is lost or overruled. They are recognised and refused, and no flag allows
them.

| os-release | because |
|---|---|
`

// page is docs/distributions.md. refused is what operators of systems without a row read.
func page(rows []Release, images []immutable, refused []string) string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s | %s | %s | %s |\n", shownName(row), row.Key(), row.PackageManager, shownSystemd(row), shownCgroup(row),
			cmp.Or(row.Packages.Containerd+shownVersions(row.Containerd.Versions), "–"), shownDocker(row.Docker),
			strings.TrimPrefix(row.Tested, "sample tree and golden plans; "))
	}
	b.WriteString("\n## What to know about each\n\n")
	for _, row := range rows {
		if len(row.Notes) > 0 {
			fmt.Fprintf(&b, "- **%s**: %s\n", row.Name, strings.Join(row.Notes, "; "))
		}
	}
	b.WriteString(pageOthers)
	for _, text := range refused {
		fmt.Fprintf(&b, "    %s\n", text)
	}
	b.WriteString(pageImmutables)
	for _, image := range images {
		fmt.Fprintf(&b, "| %s | %s |\n", shownImage(image), image.instead)
	}
	return b.String()
}

func shownName(row Release) string {
	if row.Supported {
		return row.Name
	}
	return row.Name + ", **not supported**"
}

func shownSystemd(row Release) string {
	if row.Init.Version == 0 {
		return "–"
	}
	return fmt.Sprint(row.Init.Version)
}

func shownCgroup(row Release) string {
	if row.Kernel.CgroupV2 {
		return "v2"
	}
	return "–"
}

func shownDocker(docker Docker) string {
	names := slices.DeleteFunc([]string{docker.Package + shownVersions(docker.Versions), docker.CE}, func(name string) bool { return name == "" })
	return cmp.Or(strings.Join(names, ", "), "–")
}

func shownVersions(versions VersionRange) string {
	if versions.Max == "" {
		return ""
	}
	return " " + versions.Max
}

func shownImage(image immutable) string {
	var said []string
	if len(image.ids) > 0 {
		said = append(said, "ID "+strings.Join(image.ids, ", "))
	}
	switch {
	case image.field != "" && len(image.values) == 0:
		said = append(said, image.field+" is set")
	case image.field != "":
		said = append(said, image.field+" "+strings.Join(image.values, ", "))
	}
	return strings.Join(said, "; ")
}
