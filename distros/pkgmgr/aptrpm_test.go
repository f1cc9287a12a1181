package pkgmgr

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// The output in these tests was put together by hand, in the form of apt 0.5, from
// versions that people quote: there is no ALT to record.

func TestALTVersionsAreRead(t *testing.T) {
	t.Parallel()
	const text = `vim-common:
  Installed: 4:8.2.5019-alt1:p10+300891.100.2.1@1654002425
  Candidate: 4:9.0.0821-alt1:p10+309135.100.3.1@1667910705
  Version Table:
     4:9.0.0821-alt1:p10+309135.100.3.1@1667910705 0
        500 http://ftp.altlinux.org p10/branch/x86_64/classic pkglist
 *** 4:8.2.5019-alt1:p10+300891.100.2.1@1654002425 0
        500 http://ftp.altlinux.org p10/branch/x86_64/classic pkglist
        100 RPM Database
local:
  Installed: 1.0-alt1
  Candidate: 1.0-alt1
  Version Table:
 *** 1.0-alt1 0
        100 RPM Database
`
	want := map[string][]string{"vim-common": {"4:9.0.0821-alt1", "4:8.2.5019-alt1"}}
	if diff := cmp.Diff(want, parsePolicy(text)); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	for version, want := range map[string]string{
		"4:8.2.5019-alt1:p10+300891.100.2.1@1654002425": "4:8.2.5019-alt1",
		"2:5.10.82-alt1":                       "2:5.10.82-alt1",
		"055-alt3:p10+287028.500.5.1@16348286": "055-alt3",
		"1.33.2-1@1654002425":                  "1.33.2-1",
		"":                                     "",
		"7":                                    "7",
	} {
		if got := plainVersion(version); got != want {
			t.Errorf("%s: got %s want %s", version, got, want)
		}
	}
}

func TestALTHoldsOneNameExactly(t *testing.T) {
	t.Parallel()
	for name, others := range map[string][]string{
		"kubelet":                 {"kubelet-extra", "my-kubelet", "kubele"},
		"kubernetes1.33-kubelet":  {"kubernetes1x33-kubelet", "kubernetes1.33-kubelet2"},
		"libstdc++6":              {"libstdcc6", "libstdc+6"},
		"kernel-image-un-def":     {"kernel-image-un-def-checkinstall"},
		"apt-conf-branch_special": {"apt-conf-branch"},
	} {
		holds := parseAptHolds(holdContent(name))
		if !holds.hold(name) {
			t.Errorf("%s: got no hold by %s", name, holdContent(name))
		}
		for _, other := range others {
			if holds.hold(other) {
				t.Errorf("%s: got %s held, too", name, other)
			}
		}
	}
	const file = "// RPM::Hold {\"^commented$\";};\nRPM\n{\n};\nrpm::hold {\n\t\"^mesa\"; \"^(\";\n};\n"
	if holds := parseAptHolds(file); len(holds) != 1 || !holds.hold("Mesa-dri") || holds.hold("commented") {
		t.Errorf("got %v want ^mesa alone, without regard to case", holds)
	}
}

func TestALTHoldIsTakenBackToTheByte(t *testing.T) {
	t.Parallel()
	const foreign = "RPM::Hold {\"^other\";};\n"
	for name, before := range map[string]string{"no file": "", "a file of another's making": foreign} {
		f := hosttest.New(hosttest.Dir(aptConfigDir, 0o755))
		if before != "" {
			f.Change(hosttest.File(holdPath("kubelet"), before))
		}
		snapshot := f.Snapshot(f.StateDir())
		for _, held := range []bool{true, true, false, false} {
			if err := (aptRPM{}).setHold(t.Context(), f, "kubelet", held); err != nil {
				t.Fatal(err)
			}
			if holds, err := readAptHolds(f); err != nil || holds.hold("kubelet") != held {
				t.Errorf("%s: got %v, %v want held: %t", name, holds, err, held)
			}
		}
		if diff := cmp.Diff(snapshot, f.Snapshot(f.StateDir())); diff != "" {
			t.Errorf("%s: taken back (-before +after):\n%s", name, diff)
		}
	}
	f := hosttest.New(hosttest.File(aptConfigDir+"/mine.conf", "RPM::Hold {\"^kube\";};\n"))
	if err := (aptRPM{}).setHold(t.Context(), f, "kubelet", false); err == nil || !strings.Contains(err.Error(), "not hostler's") {
		t.Errorf("got %v want an error: others are held by it, too", err)
	}
	f = hosttest.New(hosttest.File(holdPath("kubelet"), "RPM::Hold {\"^kubelet\";};\n")) // by epm hold
	if err := (aptRPM{}).setHold(t.Context(), f, "kubelet", false); err != nil || f.Content(holdPath("kubelet")) != "" {
		t.Errorf("got %v and %q want eepm's hold gone", err, f.Content(holdPath("kubelet")))
	}
}

// alt is a host on which rpm knows some packages, and apt-get notes how it is called.
func alt(t *testing.T, held string, database string) (*hosttest.Fake, *[]string) {
	t.Helper()
	var calls []string
	f := hosttest.New(hosttest.Dir(aptConfigDir, 0o755), hosttest.File("/var/lib/rpm/Packages", "database of "+t.Name()),
		hosttest.Handle("rpm", func(*hosttest.Fake, host.Command) (host.Output, error) {
			return host.Output{Stdout: []byte(database)}, nil
		}),
		hosttest.Handle("apt-get", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			calls = append(calls, strings.Join(cmd.Argv, " "))
			return host.Output{Stdout: []byte("Inst kubelet [1.35.4-alt1:p10+1.1.1.1@1] (1.36.3-alt1:p10+2.1.1.1@2 ALT:p10)\nRemv old [2-alt1:p10+3.1.1.1@3]\n")}, nil
		}))
	if held != "" {
		f.Change(hosttest.File(holdPath(held), holdContent(held)))
	}
	return f, &calls
}

func TestALTForcesOnlyWhatAptRefuses(t *testing.T) {
	t.Parallel()
	const database = "kubelet\t0\t1.35.4\talt1\tx86_64\t1700000000\n"
	for name, c := range map[string]struct {
		held   string
		change Change
		want   string
	}{
		"an upgrade":               {"", Change{Name: "kubelet", To: "1.36.3-alt1"}, "apt-get -q -y install kubelet=1.36.3-alt1"},
		"a downgrade":              {"", Change{Name: "kubelet", To: "1.34.1-alt1"}, "apt-get -q -y install --force-yes --ignore-hold kubelet=1.34.1-alt1"},
		"a held package":           {"kubelet", Change{Name: "kubelet", To: "1.36.3-alt1"}, "apt-get -q -y install --force-yes --ignore-hold kubelet=1.36.3-alt1"},
		"a removal":                {"", Change{Name: "kubelet"}, "apt-get -q -y install kubelet-"},
		"a package that is new":    {"other", Change{Name: "runc", To: "1.1-alt1"}, "apt-get -q -y install runc=1.1-alt1"},
		"an archive of an old one": {"", Change{Name: "runc", To: "1.1-alt1", Archive: "/a/runc-1.1-alt1.x86_64.rpm"}, "apt-get -q -y install /a/runc-1.1-alt1.x86_64.rpm"},
	} {
		f, calls := alt(t, c.held, database)
		if err := (aptRPM{}).apply(t.Context(), f, []Change{c.change}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(*calls, []string{c.want}) {
			t.Errorf("%s: got %q want %q", name, *calls, c.want)
		}
	}
}

func TestALTSimulationIsRead(t *testing.T) {
	t.Parallel()
	f, calls := alt(t, "", "")
	got, err := aptRPM{}.Simulate(t.Context(), f, []Change{{Name: "kubelet", To: "1.36.3-alt1"}})
	want := []Change{{Name: "kubelet", From: "1.35.4-alt1", To: "1.36.3-alt1"}, {Name: "old", From: "2-alt1"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, changes (-want +got):\n%s", err, diff)
	}
	if !slices.Equal(*calls, []string{"apt-get -s install kubelet=1.36.3-alt1"}) {
		t.Errorf("got %q want a simulation", *calls)
	}
}

func TestALTKeepsWhatAptDownloaded(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"kubelet_1.36.3-alt1%3ap10+300891.100.2.1@1654002425_x86_64.rpm": rpmArchive("kubelet", "1.36.3-alt1", "x86_64"),
		"vim_4%3a8.2-alt1_noarch.rpm":                                    rpmArchive("vim", "8.2-alt1", "noarch"),
		"lock":                                                           "",
		"kubelet.rpm":                                                    "",
	} {
		if got, ok := keptName(file); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t want %q", file, got, ok, want)
		}
	}
}

func FuzzALTOutput(f *testing.F) {
	f.Add("a:\n  Version Table:\n *** 1-alt1:p10+1@2 0\n        500 http://x pkglist\n", "RPM::Hold {\"^a$\";};")
	f.Add(" *** ", "RPM::Hold {\"")
	f.Fuzz(func(t *testing.T, policy, config string) {
		for name, versions := range parsePolicy(policy) {
			if name == "" || len(versions) == 0 {
				t.Fatalf("got %q with %q from %q", name, versions, policy)
			}
		}
		parseAptHolds(config).hold("kubelet")
		if got := plainVersion(policy); plainVersion(got) != got {
			t.Fatalf("got %q from %q, which is not plain", got, policy)
		}
	})
}
