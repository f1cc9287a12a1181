package unitfiles_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const service = "[Service]\nExecStart=/bin/true\n"

// samples are unit files with what [Install] can say.
var samples = map[string]string{
	"plain.service":      service + "[Install]\nWantedBy=multi-user.target\n",
	"static.service":     service,
	"several.service":    service + "[Install]\nWantedBy=a.target b.target\nRequiredBy=c.target\nWantedBy=d.target\n",
	"reset.service":      service + "[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target\n",
	"alias.service":      service + "[Install]\nAlias=other.service\nWantedBy=multi-user.target\n",
	"also.service":       service + "[Install]\nAlso=plain.service also.timer\n",
	"also.timer":         "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\nAlso=also.service\n",
	"spec@.service":      service + "[Install]\nWantedBy=dev-%i.device\nDefaultInstance=def\n",
	"plaintmpl@.service": service + "[Install]\nWantedBy=multi-user.target\n",
	"wrapped.service":    service + "[Install]\nWantedBy=a.target \\\n  b.target\n",
}

// edit is one call of SetState, or the same by systemctl.
type edit struct{ unit, state string }

var sequences = map[string][]edit{
	"plain":                                  {{"plain.service", "enabled"}},
	"plain and back":                         {{"plain.service", "enabled"}, {"plain.service", "disabled"}},
	"several":                                {{"several.service", "enabled"}},
	"several and back":                       {{"several.service", "enabled"}, {"several.service", "disabled"}},
	"reset list":                             {{"reset.service", "enabled"}},
	"alias":                                  {{"alias.service", "enabled"}},
	"alias and back":                         {{"alias.service", "enabled"}, {"alias.service", "disabled"}},
	"also":                                   {{"also.timer", "enabled"}},
	"also and back":                          {{"also.timer", "enabled"}, {"also.timer", "disabled"}},
	"only also":                              {{"also.service", "enabled"}},
	"instance":                               {{"spec@one.service", "enabled"}},
	"two instances":                          {{"spec@one.service", "enabled"}, {"spec@two.service", "enabled"}, {"spec@one.service", "disabled"}},
	"instance of a template without default": {{"plaintmpl@one.service", "enabled"}},
	"default instance":                       {{"spec@.service", "enabled"}},
	"all instances off":                      {{"plaintmpl@a.service", "enabled"}, {"plaintmpl@b.service", "enabled"}, {"plaintmpl@.service", "disabled"}},
	"mask":                                   {{"plain.service", "masked"}},
	"mask an enabled one":                    {{"plain.service", "enabled"}, {"plain.service", "masked"}},
	"mask one nobody has":                    {{"nobody.service", "masked"}},
	"wrapped line":                           {{"wrapped.service", "enabled"}},
	"neighbours stay":                        {{"plain.service", "enabled"}, {"alias.service", "enabled"}, {"plain.service", "disabled"}},
	"disable what is not":                    {{"several.service", "disabled"}},
}

// TestAgainstSystemctl compares with the judge: systemctl --root on real files.
func TestAgainstSystemctl(t *testing.T) {
	t.Parallel()
	systemctl, err := exec.LookPath("systemctl")
	if err != nil {
		t.Fatal("there is no systemctl on this machine to compare with: install systemd, or run make test, which does")
	}
	for name, edits := range sequences {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			folder := filepath.Join(root, "usr/lib/systemd/system")
			must(t, os.MkdirAll(folder, 0o755))
			for unit, content := range samples {
				must(t, os.WriteFile(filepath.Join(folder, unit), []byte(content), 0o644))
			}
			ours := image()
			for _, e := range edits {
				verb := map[string]string{"enabled": "enable", "disabled": "disable", "masked": "mask"}[e.state]
				if out, err := exec.Command(systemctl, "--root="+root, "--quiet", verb, e.unit).CombinedOutput(); err != nil {
					t.Fatalf("systemctl %s %s: %v: %s", verb, e.unit, err, out)
				}
				must(t, ours.SetUnitFileState(t.Context(), e.unit, e.state))
			}
			if diff := cmp.Diff(linksOnDisk(t, root), linksOf(t, ours, "/etc/systemd/system")); diff != "" {
				t.Errorf("links (-systemctl +ours):\n%s", diff)
			}
			for _, unit := range append(slices.Collect(maps.Keys(samples)), "spec@one.service", "spec@two.service", "nobody.service", "other.service") {
				out, _ := exec.Command(systemctl, "--root="+root, "is-enabled", unit).Output() // exit 1: disabled
				want := strings.TrimSpace(string(out))
				if want == "not-found" { // what newer ones print for no unit file
					want = ""
				}
				if got := state(t, ours, unit); got != want {
					t.Errorf("state of %s: got %q, want %q as systemctl says", unit, got, want)
				}
			}
		})
	}
}

func TestSetStateRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit edit
		want error
	}{
		"a unit that is not there":    {edit{"nobody.service", "enabled"}, fs.ErrNotExist},
		"a unit without [Install]":    {edit{"static.service", "enabled"}, fs.ErrInvalid},
		"a template without instance": {edit{"plaintmpl@.service", "enabled"}, fs.ErrInvalid},
		"a state that is not one":     {edit{"plain.service", "started"}, fs.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := image()
			before := f.Snapshot(f.StateDir())
			err := f.SetUnitFileState(t.Context(), c.edit.unit, c.edit.state)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.edit.unit) {
				t.Errorf("got %v, want one that is %q and names the unit", err, c.want)
			}
			if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
				t.Errorf("the tree changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestStateOfOddFiles(t *testing.T) {
	t.Parallel()
	f := hosttest.New(hosttest.Image(),
		hosttest.UnitFile("empty.service", ""),
		hosttest.UnitFile("upheld.service", service+"[Install]\nUpheldBy=keeper.target\n"),
		hosttest.Link("/run/systemd/system/volatile.service", "/dev/null"),
		hosttest.File("/run/systemd/generator/dev-sda2.swap", "[Swap]\nWhat=/dev/sda2\n"),
		hosttest.File("/opt/app/app.service", service),
		hosttest.Link("/etc/systemd/system/app.service", "/opt/app/app.service"),
		hosttest.Link("/etc/systemd/system/dangling.service", "/opt/gone.service"),
		hosttest.UnitFile("dangling.service", service),
		hosttest.UnitFile("shadowed.service", service+"[Install]\nWantedBy=multi-user.target\n"),
		hosttest.File("/etc/systemd/system/shadowed.service", service),
	)
	for unit, want := range map[string]string{
		"upheld.service": "disabled", // since systemd 254
		"empty.service":  "masked", "volatile.service": "masked-runtime", "dev-sda2.swap": "generated",
		"app.service": "linked", "shadowed.service": "static", "nothing.service": "",
		// A dangling link is no unit file; the next folder has one.
		"dangling.service": "static",
	} {
		if got := state(t, f, unit); got != want {
			t.Errorf("%s: got %q, want %q", unit, got, want)
		}
	}
}

func image() *hosttest.Fake {
	options := []hosttest.Option{hosttest.Image()}
	for unit, content := range samples {
		options = append(options, hosttest.UnitFile(unit, content))
	}
	return hosttest.New(options...)
}

func state(t *testing.T, f *hosttest.Fake, unit string) string {
	t.Helper()
	found, err := f.Unit(t.Context(), unit)
	must(t, err)
	return found.UnitFileState
}

// linksOf lists folders, and links with what they lead to: a unit's name, or /dev/null. The
// folder of the unit file differs between releases of systemd.
func linksOf(t *testing.T, f *hosttest.Fake, folder string) []string {
	t.Helper()
	names, err := f.ReadDir(folder)
	must(t, err)
	var links []string
	for _, name := range names {
		p := folder + "/" + name
		if target, err := f.Readlink(p); err == nil {
			links = append(links, p+" -> "+filepath.Base(target))
			continue
		}
		links = append(links, p+"/")
		links = append(links, linksOf(t, f, p)...)
	}
	slices.Sort(links)
	return links
}

func linksOnDisk(t *testing.T, root string) []string {
	t.Helper()
	var links []string
	must(t, filepath.WalkDir(filepath.Join(root, "etc"), func(p string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // systemctl made nothing at all
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, root)
		if entry.IsDir() && strings.HasPrefix(name, "/etc/systemd/system/") {
			links = append(links, name+"/")
		}
		if entry.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		target, err := os.Readlink(p)
		links = append(links, name+" -> "+filepath.Base(target))
		return err
	}))
	slices.Sort(links)
	return links
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
