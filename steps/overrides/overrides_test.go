package overrides_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/overrides"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	ours := overrides.DropIn{Folder: "journald.conf.d", Name: "90-hostler.conf", Keys: []string{"SystemMaxUse"}}
	const said = " sets SystemMaxUse=1G, and it is read after /etc/systemd/journald.conf.d/90-hostler.conf: remove the line there for the NodeGroup's to count"
	const set = "[Journal]\n # a comment\nSystemMaxUse = 1G\n"
	for name, c := range map[string]struct {
		files []hosttest.Option
		want  []string
	}{
		"says nothing of a bare host": {nil, nil},
		"names a later file in etc":   {[]hosttest.Option{hosttest.File("/etc/systemd/journald.conf.d/95-site.conf", set)}, []string{"/etc/systemd/journald.conf.d/95-site.conf" + said}},
		"names a later file of a package": {[]hosttest.Option{hosttest.File("/usr/lib/systemd/journald.conf.d/99-vendor.conf", set)},
			[]string{"/usr/lib/systemd/journald.conf.d/99-vendor.conf" + said}},
		"names files in the order in which they are read": {[]hosttest.Option{
			hosttest.File("/run/systemd/journald.conf.d/95-b.conf", set), hosttest.File("/etc/systemd/journald.conf.d/zz.conf", set),
			hosttest.File("/usr/lib/systemd/journald.conf.d/91-a.conf", set)}, []string{
			"/usr/lib/systemd/journald.conf.d/91-a.conf" + said, "/run/systemd/journald.conf.d/95-b.conf" + said, "/etc/systemd/journald.conf.d/zz.conf" + said}},
		"leaves our own file alone":    {[]hosttest.Option{hosttest.File(ours.Path(), set)}, nil},
		"leaves an earlier file alone": {[]hosttest.Option{hosttest.File("/usr/lib/systemd/journald.conf.d/50-vendor.conf", set)}, nil},
		"leaves a packaged file alone that etc replaces": {[]hosttest.Option{
			hosttest.File("/usr/lib/systemd/journald.conf.d/99-v.conf", set), hosttest.File("/etc/systemd/journald.conf.d/99-v.conf", "[Journal]\n")}, nil},
		"leaves a masked file alone": {[]hosttest.Option{
			hosttest.File("/usr/lib/systemd/journald.conf.d/99-v.conf", set), hosttest.Link("/etc/systemd/journald.conf.d/99-v.conf", "/dev/null")}, nil},
		"leaves other keys, comments and other endings alone": {[]hosttest.Option{
			hosttest.File("/etc/systemd/journald.conf.d/95-site.conf", "[Journal]\n#SystemMaxUse=1G\n;SystemMaxUse=1G\nSystemKeepFree=1G\n"),
			hosttest.File("/etc/systemd/journald.conf.d/96-site.conf.bak", set)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remarks, failure := steps.Split(overrides.Warnings(hosttest.New(c.files...), ours, nil))
			if failure != nil {
				t.Fatal(failure)
			}
			var got []string
			for _, remark := range remarks {
				got = append(got, remark.Text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
