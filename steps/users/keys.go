package users

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// The ops for keys name the account, not its home: an account that an op before them
// makes has neither number nor home when the plan is made.

// SSHFolder makes an account's ~/.ssh its own, with mode 0700, as sshd wants it.
type SSHFolder struct {
	User string `json:"user"`
}

// Key is "ssh-folder:" and the user.
func (o SSHFolder) Key() string { return "ssh-folder:" + o.User }

// Impact is None.
func (o SSHFolder) Impact() steps.Impact { return steps.None }

// Diff shows the mode.
func (o SSHFolder) Diff() steps.Diff { return steps.Diff{Action: "update", To: "0700 " + o.User} }

// directory is the op for the folder of an account that is there.
func (o SSHFolder) directory(v host.Files) (op.Directory, error) {
	owner, err := mustFind(v, o.User)
	if err != nil {
		return op.Directory{}, err
	}
	folder := path.Join(owner.home, ".ssh")
	return op.Directory{Path: folder, Attr: host.Attr{Mode: 0o700, UID: owner.uid, GID: owner.gid}}, noLink(v, folder)
}

// Inverse is that of the folder.
func (o SSHFolder) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	directory, err := o.directory(v)
	if err != nil {
		return nil, err
	}
	return directory.Inverse(ctx, v)
}

// Do makes the folder.
func (o SSHFolder) Do(ctx context.Context, h host.Host) error {
	directory, err := o.directory(h)
	if err != nil {
		return err
	}
	return directory.Do(ctx, h)
}

// AuthorizedKeys writes the keys that may log in to an account.
type AuthorizedKeys struct {
	User string   `json:"user"`
	Keys []string `json:"keys"`
}

// Key is "authorized-keys:" and the user.
func (o AuthorizedKeys) Key() string { return "authorized-keys:" + o.User }

// Impact is None: sessions go on.
func (o AuthorizedKeys) Impact() steps.Impact { return steps.None }

// Diff counts the keys; a key is long, and public.
func (o AuthorizedKeys) Diff() steps.Diff {
	return steps.Diff{Action: "update", To: fmt.Sprintf("%d keys", len(o.Keys))}
}

func (o AuthorizedKeys) content() []byte {
	var b strings.Builder
	b.WriteString("# Kept by hostler: it takes changes made here back.\n# Change operatingSystem.users of the NodeGroup instead.\n")
	for _, key := range o.Keys {
		b.WriteString(strings.TrimSpace(key) + "\n")
	}
	return []byte(b.String())
}

// file is the op for the file of an account that is there.
func (o AuthorizedKeys) file(v host.Files) (op.File, error) {
	owner, err := mustFind(v, o.User)
	if err != nil {
		return op.File{}, err
	}
	folder := path.Join(owner.home, ".ssh")
	attr := host.Attr{Mode: 0o600, UID: owner.uid, GID: owner.gid}
	return op.File{Path: path.Join(folder, "authorized_keys"), Content: o.content(), Attr: attr}, noLink(v, folder)
}

// Inverse is that of the file.
func (o AuthorizedKeys) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	file, err := o.file(v)
	if err != nil {
		return nil, err
	}
	return file.Inverse(ctx, v)
}

// Do writes the file.
func (o AuthorizedKeys) Do(ctx context.Context, h host.Host) error {
	file, err := o.file(h)
	if err != nil {
		return err
	}
	return file.Do(ctx, h)
}

// noLink refuses a folder that is a link: its owner could lead root's hand elsewhere.
func noLink(v host.Files, folder string) error {
	info, err := v.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a symbolic link, and keys are not written through it: make it a folder", folder)
	}
	return err
}

// planKeys returns the ops that the keys of an account lack. has is whether the
// account is there already.
func planKeys(v host.View, u User, has bool) ([]steps.Op, error) {
	folder, keys := SSHFolder{User: u.Name}, AuthorizedKeys{User: u.Name, Keys: u.Keys}
	if !has {
		return []steps.Op{folder, keys}, nil
	}
	directory, err := folder.directory(v)
	if err != nil {
		return nil, err
	}
	file, err := keys.file(v)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	lacks, err := op.PlanDirectory(v, directory.Path, directory.Attr)
	if err != nil {
		return nil, err
	}
	if lacks != nil {
		ops = append(ops, folder)
	}
	lacks, err = op.PlanFile(v, op.FileWish{Path: file.Path, Content: file.Content, Attr: file.Attr})
	if lacks != nil {
		ops = append(ops, keys)
	}
	return ops, err
}
