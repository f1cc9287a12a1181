package files_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/files"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const service = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

// machine has the users and services that the wishes below name.
func machine(more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{
		hosttest.File("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n# broken\n_apt:x:42:65534::/:\n_chrony:x:104:111::/var/lib/chrony:/usr/sbin/nologin\n"),
		hosttest.File("/etc/group", "root:x:0:\nadmin:x:9:\nadm:x:4:syslog\n"),
		hosttest.UnitFile("chrony.service", service), hosttest.Running("chrony.service"),
		hosttest.UnitFile("foo.service", service), hosttest.Running("foo.service"),
	}, more...)...)
}

var wish = []files.File{
	{Path: "/etc/chrony/sources.d/site.sources", Content: []byte("pool ntp.example iburst\n"), Restart: []string{"chrony.service"}},
	{Path: "/etc/chrony/chrony.keys", Content: []byte("1 MD5 secret\n"), Mode: 0o640, Owner: "root:adm", Restart: []string{"chrony.service"}},
	{Path: "/var/spool/time/own", Mode: 0o600 | fs.ModeSetgid, Owner: "_chrony:4"},
	{Path: "/etc/systemd/system/foo.service.d/10-site.conf", Content: []byte("[Service]\nNice=5\n"), Impact: steps.Drain},
}

// present puts the files of the wish where they belong.
func present() []hosttest.Option {
	return []hosttest.Option{
		hosttest.File(wish[0].Path, string(wish[0].Content)),
		hosttest.FileWith(wish[1].Path, string(wish[1].Content), host.Attr{Mode: 0o640, GID: 4}),
		hosttest.FileWith(wish[2].Path, "", host.Attr{Mode: 0o600 | fs.ModeSetgid, UID: 104, GID: 4}),
		hosttest.File(wish[3].Path, string(wish[3].Content)), hosttest.Reloaded(),
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	of := func(list ...files.File) func() steps.Step {
		return func() steps.Step { return files.New(files.Spec{Files: list}) }
	}
	on := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return machine(more...) }
	}
	for _, c := range []steptest.Case{
		{Name: "writes all files on a bare host and restarts once", Step: of(wish...), Golden: "testdata/bare.golden", Host: on()},
		{Name: "wants nothing of a converged host", Step: of(wish...), Golden: "testdata/converged.golden", Host: on(present()...)},
		{Name: "repairs a mode and an owner, without a restart", Step: of(wish...), Golden: "testdata/attributes.golden",
			Host: on(append(present(), hosttest.FileWith(wish[0].Path, string(wish[0].Content), host.Attr{Mode: 0o600}),
				hosttest.FileWith(wish[2].Path, "", host.Attr{Mode: 0o600 | fs.ModeSetgid}))...)},
		{Name: "restarts only for the file that changed", Step: of(wish...), Golden: "testdata/unit-file.golden",
			Host: on(append(present(), hosttest.File(wish[3].Path, "[Service]\nNice=1\n"))...)},
		{Name: "hides what not everybody may read", Step: of(wish...), Golden: "testdata/secret.golden",
			Host: on(append(present(), hosttest.FileWith(wish[1].Path, "1 MD5 older\n", host.Attr{Mode: 0o640, GID: 4}))...)},
		{Name: "starts what is to be restarted and does not run", Step: of(wish[0]), Golden: "testdata/stopped.golden",
			Host: on(hosttest.Inactive("chrony.service"))},
		{Name: "restarts nothing in an image", Step: of(wish...), Golden: "testdata/image.golden", Host: on(hosttest.Image())},
		{Name: "wants nothing without files", Step: of(), Golden: "testdata/converged.golden", Host: on()},
	} {
		steptest.Run(t, c)
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		owner string
		want  host.Attr
	}{
		"root where none is named":   {"", host.Attr{Mode: 0o644}},
		"a user with group root":     {"_chrony", host.Attr{Mode: 0o644, UID: 104}},
		"a group with user root":     {":adm", host.Attr{Mode: 0o644, GID: 4}},
		"both":                       {"_chrony:adm", host.Attr{Mode: 0o644, UID: 104, GID: 4}},
		"numbers that nobody has":    {"4000:4001", host.Attr{Mode: 0o644, UID: 4000, GID: 4001}},
		"root without a line for it": {"root:root", host.Attr{Mode: 0o644}},
	} {
		t.Run("is "+name, func(t *testing.T) {
			t.Parallel()
			f := machine(hosttest.Absent("/etc/group"), hosttest.File("/etc/group", "adm:x:4:\n"))
			ops, err := files.New(files.Spec{Files: []files.File{{Path: "/etc/x", Owner: c.owner}}}).Plan(t.Context(), f)
			if err != nil || len(ops) != 1 {
				t.Fatalf("got %v, %v, want one op", ops, err)
			}
			if err := ops[0].Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			info, err := f.Stat("/etc/x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, info.Attr()); diff != "" {
				t.Errorf("owner and mode (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("waits for a user that is not there, and plans the other files", func(t *testing.T) {
		t.Parallel()
		list := []files.File{{Path: "/etc/a", Owner: "etcd:etcd"}, {Path: "/etc/b"}}
		ops, err := files.New(files.Spec{Files: list}).Plan(t.Context(), machine())
		remarks, failure := steps.Split(err)
		if failure != nil || len(remarks) != 2 || remarks[0].Kind != steps.RemarkLater {
			t.Fatalf("got remarks %v and failure %v, want Later for the user and for the group", remarks, failure)
		}
		if want := `file /etc/a: user "etcd" is not in /etc/passwd`; !strings.HasPrefix(remarks[0].Text, want) {
			t.Errorf("got %q, want it to begin with %q", remarks[0].Text, want)
		}
		if len(ops) != 1 || ops[0].Key() != "file:/etc/b" {
			t.Errorf("got ops %v, want the one of /etc/b", ops)
		}
	})

	t.Run("says where a number is broken", func(t *testing.T) {
		t.Parallel()
		f := machine(hosttest.File("/etc/passwd", "bad:x:many:0::/:\n"))
		_, err := files.New(files.Spec{Files: []files.File{{Path: "/etc/a", Owner: "bad"}}}).Plan(t.Context(), f)
		if _, failure := steps.Split(err); failure == nil || !strings.Contains(err.Error(), `/etc/passwd: the line of user "bad" has the number "many"`) {
			t.Errorf("got %v, want a failure that names the line", err)
		}
	})
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	valid := files.File{Path: "/etc/a", Mode: 0o600, Owner: "root", Restart: []string{"a.service"}}
	if err := (files.Spec{Files: []files.File{valid}}).Check(); err != nil {
		t.Fatalf("got %v for the valid file", err)
	}
	for name, mutate := range map[string]func(*files.File){
		"a relative path":                func(f *files.File) { f.Path = "etc/a" },
		"no path":                        func(f *files.File) { f.Path = "" },
		"the root":                       func(f *files.File) { f.Path = "/" },
		"a way up":                       func(f *files.File) { f.Path = "/etc/../a" },
		"a folder's slash":               func(f *files.File) { f.Path = "/etc/a/" },
		"a NUL":                          func(f *files.File) { f.Path = "/etc/a\x00" },
		"a kernel parameter":             func(f *files.File) { f.Path = "/proc/sys/vm/swappiness" },
		"hostler's state":                func(f *files.File) { f.Path = host.DefaultStateDir + "/lock" },
		"a folder's mode":                func(f *files.File) { f.Mode = fs.ModeDir | 0o755 },
		"an owner with an empty group":   func(f *files.File) { f.Owner = "root:" },
		"an owner with three parts":      func(f *files.File) { f.Owner = "a:b:c" },
		"an owner with a blank":          func(f *files.File) { f.Owner = "a b" },
		"a unit without its type":        func(f *files.File) { f.Restart = []string{"chrony"} },
		"a unit that is a path":          func(f *files.File) { f.Restart = []string{"/etc/a.service"} },
		"a path that another file takes": func(f *files.File) { f.Path = "/etc/b" },
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			bad := valid
			mutate(&bad)
			spec := files.Spec{Files: []files.File{{Path: "/etc/b"}, bad}}
			if spec.Check() == nil {
				t.Error("got no error from Check")
			}
			if ops, err := files.New(spec).Plan(t.Context(), machine()); err == nil || ops != nil {
				t.Errorf("got plan %v, %v, want the error and no ops", ops, err)
			}
		})
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()

	t.Run("reports each path that is not a file", func(t *testing.T) {
		t.Parallel()
		f := machine(hosttest.Dir("/etc/a", 0o755), hosttest.Link("/etc/b", "../../outside"))
		_, err := files.New(files.Spec{Files: []files.File{{Path: "/etc/a"}, {Path: "/etc/b"}}}).Plan(t.Context(), f)
		if !errors.Is(err, host.ErrNotRegular) {
			t.Errorf("got %v, want ErrNotRegular", err)
		}
		for _, want := range []string{"file /etc/a: /etc/a is a directory", "file /etc/b: /etc/b is a symbolic link to ../../outside"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		}
	})

	t.Run("fails the job of a unit that is still missing", func(t *testing.T) {
		t.Parallel()
		f := machine()
		ops, err := files.New(files.Spec{Files: []files.File{{Path: "/etc/a", Restart: []string{"gone.service"}}}}).Plan(context.Background(), f)
		if err != nil || len(ops) != 2 {
			t.Fatalf("got %v, %v, want the file and the job", ops, err)
		}
		var job *host.JobError
		if err := ops[1].Do(t.Context(), f); !errors.As(err, &job) || job.Unit != "gone.service" {
			t.Errorf("got %v, want a JobError of gone.service", err)
		}
	})
}
