package users_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/users"
)

const (
	keyA = "ssh-ed25519 AAAAC3Nza alice@example"
	keyB = `from="10.0.0.0/8" ssh-ed25519 AAAAC3Nzb bob@example`
	kept = "# Kept by hostler: it takes changes made here back.\n# Change operatingSystem.users of the NodeGroup instead.\n"
)

func number(n int) *int { return &n }

func wish(list ...users.User) func() steps.Step {
	return func() steps.Step { return users.New(users.Spec{Users: list}) }
}

// do applies a wish.
func do(t *testing.T, f *hosttest.Fake, list ...users.User) []steps.Op {
	t.Helper()
	ops, err := wish(list...)().Plan(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var backs []steps.Op
	for _, o := range ops {
		back, err := o.Inverse(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		backs = append(backs, back)
		if err := o.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	return backs
}

func TestStep(t *testing.T) {
	t.Parallel()
	alice := users.User{Name: "alice", UID: number(2000), Groups: []string{"sudo", "docker", "alice"}, Shell: "/bin/bash", Keys: []string{keyA, keyB}}
	ops := users.User{Name: "ops", Groups: []string{"adm", "sudo"}, Shell: "/bin/bash", Keys: []string{keyA}}
	applied := func(list ...users.User) func() *hosttest.Fake {
		return func() *hosttest.Fake {
			f := machine()()
			do(t, f, list...)
			return f.Clone()
		}
	}
	for _, c := range []steptest.Case{
		{Name: "makes an account with keys", Step: wish(alice), Host: machine(), Golden: "testdata/new.golden"},
		{Name: "makes a plain account", Step: wish(users.User{Name: "bob"}), Host: machine(), Golden: "testdata/plain.golden"},
		{Name: "changes an account that is there", Step: wish(ops), Host: machine(), Golden: "testdata/changed.golden"},
		{Name: "wants nothing of a converged host", Step: wish(alice, ops), Host: applied(alice, ops), Golden: "testdata/converged.golden"},
		{Name: "takes keys back that somebody added", Step: wish(ops), Golden: "testdata/keys.golden",
			Host: func() *hosttest.Fake {
				f := applied(ops)()
				f.Change(hosttest.FileWith("/home/ops/.ssh/authorized_keys", kept+keyA+"\n"+keyB+"\n", host.Attr{Mode: 0o600, UID: 1000, GID: 1000}))
				return f
			}},
		{Name: "closes a folder of keys that others may write to", Step: wish(ops), Golden: "testdata/folder.golden",
			Host: func() *hosttest.Fake {
				f := applied(ops)()
				f.Change(hosttest.DirWith("/home/ops/.ssh", host.Attr{Mode: 0o777, UID: 1000, GID: 1000}))
				return f
			}},
		{Name: "removes all keys where none may log in", Step: wish(users.User{Name: "ops", Keys: []string{}}), Golden: "testdata/no-keys.golden",
			Host: applied(ops)},
		{Name: "manages root's keys", Step: wish(users.User{Name: "root", Keys: []string{keyA}}), Host: machine(), Golden: "testdata/root.golden"},
		{Name: "leaves keys alone of which nothing is said", Step: wish(users.User{Name: "ops"}), Host: machine(), Golden: "testdata/converged.golden"},
		{Name: "makes homes where the machine has them", Step: wish(users.User{Name: "bob"}), Golden: "testdata/home.golden",
			Host: machine(hosttest.File("/etc/default/useradd", "GROUP=100\nHOME=/srv/home\n"), hosttest.Dir("/srv/home", 0o755))},
		{Name: "makes accounts in an image", Step: wish(alice), Host: machine(hosttest.Image()), Golden: "testdata/new.golden"},
		{Name: "wants nothing when nothing is said", Step: wish(), Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake { return hosttest.New() }},
	} {
		c.Kinds = []map[string]steps.Op{users.Kinds()}
		steptest.Run(t, c)
	}
}

func TestAccountHasNoPassword(t *testing.T) {
	t.Parallel()
	f := machine()()
	do(t, f, users.User{Name: "bob", Keys: []string{keyA}})
	if !strings.Contains(f.Content("/etc/shadow"), "\nbob:*:") {
		t.Errorf("got shadow %q, want * for bob", f.Content("/etc/shadow"))
	}
	if got := f.Attr("/home/bob/.ssh/authorized_keys"); got != (host.Attr{Mode: 0o600, UID: 1001, GID: 1001}) {
		t.Errorf("got %+v for the keys, want 0600 and bob's", got)
	}
}

// What others did to the databases and to a home since is not taken back.
func TestUndoKeepsWhatOthersDid(t *testing.T) {
	t.Parallel()
	f := machine()()
	backs := do(t, f, users.User{Name: "bob", Groups: []string{"docker"}})
	_ = do(t, f, users.User{Name: "carol", UID: number(1005), Groups: []string{"docker"}})
	f.Change(hosttest.FileWith("/home/bob/notes", "mine\n", host.Attr{Mode: 0o600, UID: 1001}),
		hosttest.FileWith("/home/bob/.profile", "changed\n", host.Attr{Mode: 0o644, UID: 1001}))
	for _, back := range backs {
		if err := back.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{
		"/etc/passwd": passwd + "carol:x:1005:1005::/home/carol:/bin/sh\n",
		"/etc/group":  strings.TrimSuffix(group, "\n") + ",carol\ncarol:x:1005:\n",
		"/etc/subuid": "ops:100000:65536\ncarol:165536:65536\n",
	} {
		if diff := cmp.Diff(want, f.Content(file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	names, err := f.ReadDir("/home/bob")
	if diff := cmp.Diff([]string{".profile", "notes"}, names); err != nil || diff != "" {
		t.Errorf("bob's home, %v (-want +got):\n%s", err, diff)
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	nothing := hosttest.Reloaded()
	for name, c := range map[string]struct {
		user users.User
		more hosttest.Option
		want string
	}{
		"a UID that the account does not have": {users.User{Name: "ops", UID: number(1001)}, nothing, `has UID 1000, not 1001`},
		"a UID of another account":             {users.User{Name: "bob", UID: number(1000)}, nothing, `belongs to "ops"`},
		"to write keys through a link":         {users.User{Name: "ops", Keys: []string{keyA}}, hosttest.Link("/home/ops/.ssh", "/root/.ssh"), "symbolic link"},
		"a file of keys that is a link":        {users.User{Name: "ops", Keys: []string{keyA}}, hosttest.Link("/home/ops/.ssh/authorized_keys", "/etc/shadow"), "symbolic link"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := wish(c.user)().Plan(t.Context(), machine(c.more)())
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want a failure with %q", err, c.want)
			}
		})
	}
	t.Run("waits for a group that a package may bring", func(t *testing.T) {
		t.Parallel()
		_, err := wish(users.User{Name: "ops", Groups: []string{"libvirt"}})().Plan(t.Context(), machine()())
		remarks, failure := steps.Split(err)
		if failure != nil || len(remarks) != 1 || remarks[0].Kind != steps.RemarkLater {
			t.Errorf("got %v, want Later alone", err)
		}
	})
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]users.User{
		"no name":                 {},
		"a name with a colon":     {Name: "a:b"},
		"an option for a name":    {Name: "-r"},
		"a group with a comma":    {Name: "a", Groups: []string{"x,y"}},
		"a relative shell":        {Name: "a", Shell: "bash"},
		"a shell with a colon":    {Name: "a", Shell: "/bin/a:b"},
		"two keys in one":         {Name: "a", Keys: []string{keyA + "\n" + keyB}},
		"an empty key":            {Name: "a", Keys: []string{" "}},
		"the UID of root":         {Name: "a", UID: number(0)},
		"another shell for root":  {Name: "root", Shell: "/bin/sh"},
		"groups for root":         {Name: "root", Groups: []string{"adm"}},
		"one account twice":       {Name: "ops"},
		"a name that is too long": {Name: strings.Repeat("a", 33)},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if err := (users.Spec{Users: []users.User{{Name: "ops"}, bad}}).Check(); err == nil {
				t.Errorf("got no error for %+v", bad)
			}
		})
	}
}
