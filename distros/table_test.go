package distros

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// TestMatrixHasItsRows is the list of releases that hostler promises to know.
func TestMatrixHasItsRows(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`
		ubuntu-16.04 ubuntu-18.04 ubuntu-20.04 ubuntu-22.04 ubuntu-24.04
		debian-9 debian-10 debian-11 debian-12 debian-13
		centos-7 centos-8 centos-8-stream centos-9-stream centos-10-stream
		rhel-7 rhel-8 rhel-9 rhel-10 rocky-8 rocky-9 rocky-10 almalinux-8 almalinux-9 almalinux-10 ol-7 ol-8 ol-9 ol-10
		astra-1.7 astra-1.8 astra-2.12 redos-7.1 redos-7.2 redos-7.3 redos-8 alteros-7
		altlinux-p10 altlinux-c10f1 altlinux-c10f2 rosa-12 rels-7.9 msvsphere-9 miraclelinux-8 sberlinux-9
		opensuse-leap-15 sles-15 amzn-2 amzn-2023 fedora-40 fedora-41 fedora-42 fedora-43`)
	var got []string
	for _, row := range Table() {
		got = append(got, row.Key())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got rows\n%s\nwant\n%s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

func TestRowsAreComplete(t *testing.T) {
	t.Parallel()
	for _, row := range Table() {
		for _, part := range missing(row) {
			t.Errorf("%s: no %s", row.Key(), part)
		}
	}
}

// optional are the fields that a row may leave empty without a word: what the
// comment of the field says about an empty one holds.
var optional = []string{
	"Codename", "Platform", "Match.PrettyName", "Match.Like", "Notes", "Supported", "Packages.VersionLock", "Packages.Runc", "Packages.CNIPlugins",
	"Kernel.CgroupV2", "Repositories.KeysDir", "Containerd.PackagedBinDir", "Containerd.Versions", "CNI.PackagedBinDir", "CNI.BinDir",
	"Docker.Package", "Docker.CE", "Docker.CECLI", "Docker.CEContainerd", "Docker.Versions", "Sysctl", "Sysctl.ReadsEtcSysctlConf", "Sysctl.Files",
	"Repositories.BinaryKeys", "Updates.AptPeriodic", "Security.SELinux", "Security.SELinuxOffByKernel", "Security.AppArmor", "Security.Parsec",
	"Reboot.Sign", "Reboot.Packages", "Reboot.Query", "Reboot.QueryPackage",
}

// admitted are those that a row may leave empty when its notes have the word.
var admitted = map[string]string{
	"Kernel": "kernel", "Kernel.Version": "kernel", "Kernel.Iptables": "iptables", "Init.Version": "systemd",
	"Packages": "packages", "Packages.Containerd": "containerd", "Packages.Kubelet": "kubelet", "Packages.Kubectl": "kubelet", "Packages.KubernetesCNI": "kubelet",
	"Kubelet": "kubelet", "Kubelet.EnvironmentFile": "kubelet", "Kubelet.Unit": "kubelet",
	"Docker": "Docker", "Docker.Unit": "Docker", "Docker.ConfigFile": "Docker",
}

// missing names the empty fields that a row does not account for.
func missing(row Release) []string {
	var found []string
	notes := strings.Join(row.Notes, "\n")
	check := func(name string, value reflect.Value) {
		word, may := admitted[name]
		if value.IsZero() && !slices.Contains(optional, name) && (!may || !strings.Contains(notes, word)) {
			found = append(found, name)
		}
	}
	value := reflect.ValueOf(row)
	for i := range value.NumField() {
		name, field := value.Type().Field(i).Name, value.Field(i)
		check(name, field)
		if field.Kind() == reflect.Struct {
			for j := range field.NumField() {
				check(name+"."+field.Type().Field(j).Name, field.Field(j))
			}
		}
	}
	if !row.Supported && len(row.Notes) == 0 {
		found = append(found, "Notes: it is not supported, and does not say why")
	}
	return found
}

func TestMissingFactsAreNoticed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *Release){
		"Tested":             func(r *Release) { r.Tested = "" },
		"Trust.Dir":          func(r *Release) { r.Trust.Dir = "" },
		"Reboot.KernelDir":   func(r *Release) { r.Reboot.KernelDir = "" },
		"Kernel.Version":     func(r *Release) { r.Kernel.Version = "" }, // not in the notes of bookworm
		"Security.Firewalls": func(r *Release) { r.Security.Firewalls = nil },
		"Notes":              func(r *Release) { r.Supported, r.Notes = false, nil },
	} {
		row := rowNamed(t, "debian-12")
		spoil(&row)
		if got := missing(row); len(got) != 1 || !strings.HasPrefix(got[0], name) {
			t.Errorf("without %s: got %q missing want it alone", name, got)
		}
	}
}

// TestMachinesAreKnownWhole: what runs in the tests has no gaps at all.
func TestMachinesAreKnownWhole(t *testing.T) {
	t.Parallel()
	count := 0
	for _, row := range Table() {
		if row.Tested != testedOnMachines {
			continue
		}
		count++
		for _, part := range []any{row.Kernel, row.Init, row.Repositories, row.Containerd, row.CNI, row.Kubelet, row.Docker, row.Trust, row.TimeSync, row.Updates} {
			value := reflect.ValueOf(part)
			for i := range value.NumField() {
				isFlag := value.Field(i).Kind() == reflect.Bool // of which no is an answer too
				if value.Field(i).IsZero() && !isFlag {
					t.Errorf("%s: no %s.%s", row.Key(), value.Type().Name(), value.Type().Field(i).Name)
				}
			}
		}
	}
	if count != 3 {
		t.Errorf("got %d rows that machines run want 3", count)
	}
}

func rowNamed(t *testing.T, key string) Release {
	t.Helper()
	for _, row := range Table() {
		if row.Key() == key {
			return row
		}
	}
	t.Fatalf("there is no row %s", key)
	return Release{}
}

// TestRowsDoNotOverlap: the first row that accepts decides, so a second one
// would never be asked.
func TestRowsDoNotOverlap(t *testing.T) {
	t.Parallel()
	for name, content := range samples(t) {
		var accepting []string
		for _, row := range Table() {
			if row.Match.accepts(osrelease.Parse([]byte(content))) {
				accepting = append(accepting, row.Key())
			}
		}
		if len(accepting) > 1 {
			t.Errorf("%s: got rows %q want one at most", name, accepting)
		}
	}
}

func TestLikeKeepsWhatARowSays(t *testing.T) {
	t.Parallel()
	family := Release{Family: FamilyRHEL, Kernel: Kernel{Version: "3.10", Iptables: "legacy"}, Notes: []string{"of the family"}}
	got := like(family, Release{ID: "own", Kernel: Kernel{Version: "6.1"}})
	want := Release{ID: "own", Family: FamilyRHEL, Kernel: Kernel{Version: "6.1"}, Notes: []string{"of the family"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v want %+v: a part is taken whole or not at all", got, want)
	}
}

func TestTableIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	changed := Table()
	for i := range changed {
		changed[i].ID = "changed"
		for _, list := range [][]string{
			changed[i].Match.IDs, changed[i].Trust.Update, changed[i].TimeSync.Units, changed[i].Updates.Units, changed[i].Security.Firewalls,
			changed[i].Reboot.Query, changed[i].Notes,
		} {
			for j := range list {
				list[j] = "changed"
			}
		}
		for _, file := range changed[i].Sysctl.Files {
			clear(file.Sets)
		}
	}
	rows := changed
	for _, row := range Table() {
		if reflect.DeepEqual(row, rows[0]) || row.ID == "changed" || slices.Contains(row.TimeSync.Units, "changed") || slices.Contains(row.Notes, "changed") {
			t.Errorf("%s: got a row that another caller changed", row.Key())
		}
		for _, file := range row.Sysctl.Files {
			if len(file.Sets) == 0 {
				t.Errorf("%s: got %s emptied by another caller", row.Key(), file.Path)
			}
		}
	}
}
