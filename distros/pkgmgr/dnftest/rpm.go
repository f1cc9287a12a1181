package dnftest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// rpm answers what hostler asks of it, and knows public keys.
func (m machine) rpm(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	args := cmd.Argv[1:]
	switch {
	case len(args) == 3 && args[0] == "-qa" && args[2] == rpm.QueryFormat:
		return prints(m.query(f))
	case len(args) > 3 && args[0] == "-q" && args[2] == rpm.FilesFormat:
		return m.files(f, cmd, args[3:])
	case len(args) == 2 && args[0] == "--import":
		return m.importKeys(f, cmd, args[1])
	case len(args) == 3 && args[0] == "--erase" && args[1] == "--allmatches":
		return m.eraseKey(f, cmd, args[2])
	default:
		return parse(cmd).fails("", "rpm: "+strings.Join(args, " ")+": unknown option\n")
	}
}

// files lists those of packages. A package is as old as what it brought.
func (m machine) files(f *hosttest.Fake, cmd host.Command, names []string) (host.Output, error) {
	var out strings.Builder
	for _, name := range names {
		e := m.read(f).get(name)
		if e.version == "" {
			return parse(cmd).fails(out.String()+"package "+name+" is not installed\n", "")
		}
		p := m.version(name, e.version)
		var since int64
		for _, at := range slices.Sorted(maps.Keys(p.Files)) {
			if info, err := f.Lstat(at); err == nil {
				since = info.ModTime.Unix()
			}
			fmt.Fprintf(&out, "%s\t%d\t\t%x\t%s\n", name, since, sha256.Sum256([]byte(p.Files[at])), at)
		}
		for _, at := range slices.Sorted(maps.Keys(p.Configs)) {
			fmt.Fprintf(&out, "%s\t%d\tcn\t%x\t%s\n", name, since, sha256.Sum256([]byte(p.Configs[at])), at)
		}
	}
	return prints(out.String())
}

// importKeys is of a file with one key or several; what rpm has already it has once.
func (m machine) importKeys(f *hosttest.Fake, cmd host.Command, file string) (host.Output, error) {
	keys, err := repository.PublicKeys([]byte(f.Content(file)))
	if err != nil {
		return parse(cmd).fails("", "error: "+file+": key 1 not an armored public key.\n")
	}
	known := m.keys(f)
	for _, key := range keys {
		known = append(known, rpm.Key{Version: strings.ToLower(key.Fingerprint[32:]), Release: fmt.Sprintf("%08x", key.Created)})
	}
	m.store(f, m.read(f), known)
	return host.Output{}, nil
}

func (m machine) eraseKey(f *hosttest.Fake, cmd host.Command, name string) (host.Output, error) {
	known := m.keys(f)
	kept := slices.DeleteFunc(slices.Clone(known), func(k rpm.Key) bool { return k.String() == name })
	if len(kept) == len(known) {
		return parse(cmd).fails("", "error: package "+name+" is not installed\n")
	}
	m.store(f, m.read(f), kept)
	return host.Output{}, nil
}

func (m machine) keys(f *hosttest.Fake) []rpm.Key { return rpm.ParseKeys(m.query(f)) }

// Trusted has rpm know the keys of an armour.
func (d Distribution) Trusted(armour string) hosttest.Option {
	return func(f *hosttest.Fake) {
		const file = "/var/run/dnftest-key"
		f.Change(hosttest.File(file, armour))
		_, _ = machine{Distribution: d}.importKeys(f, host.Command{Argv: []string{"rpm", "--import"}}, file)
		f.Change(hosttest.Absent(file))
	}
}
