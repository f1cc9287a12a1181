package users_test

import (
	"errors"
	"flag"
	"io"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const (
	passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n+::::::\nops:x:1000:1000:Ops,,,:/home/ops:/bin/sh\n"
	group  = "root:x:0:\nadm:x:4:ops\nsudo:x:27:\nops:x:1000:\ndocker:x:998:other,ops\n"
)

// machine is a machine with an account of its own.
func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		secret := host.Attr{Mode: 0o640, GID: 42}
		f := hosttest.New(
			hosttest.File("/etc/passwd", passwd), hosttest.File("/etc/group", group),
			hosttest.FileWith("/etc/shadow", "root:*:1::::::\ndaemon:*:1::::::\nops:$y$secret:1::::::\n", secret),
			hosttest.FileWith("/etc/gshadow", "root:*::\nadm:*::ops\nsudo:*::\nops:!::\ndocker:!::other,ops\n", secret),
			hosttest.File("/etc/subuid", "ops:100000:65536\n"), hosttest.File("/etc/subgid", "ops:100000:65536\n"),
			hosttest.FileWith("/etc/passwd-", "older\n", host.Attr{Mode: 0o600}),
			hosttest.File("/etc/skel/.profile", "# profile\n"), hosttest.File("/etc/skel/.config/app", "a=1\n"),
			hosttest.DirWith("/home/ops", host.Attr{Mode: 0o755, UID: 1000, GID: 1000}), hosttest.Dir("/root", 0o700),
			hosttest.Dir("/var/mail", 0o755), hosttest.Link("/var/spool/mail", "../mail"),
			hosttest.Handle("useradd", useradd), hosttest.Handle("usermod", usermod),
		)
		f.Change(more...)
		return f
	}
}

// options are those of both tools.
type options struct {
	home, password, shell, groups string
	uid                           int
	appends                       bool
	name                          string
}

func parse(cmd host.Command) (options, error) {
	var o options
	set := flag.NewFlagSet(cmd.Argv[0], flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Bool("m", false, "")
	set.BoolVar(&o.appends, "a", false, "")
	set.StringVar(&o.home, "d", "", "")
	set.StringVar(&o.password, "p", "!", "")
	set.StringVar(&o.shell, "s", "", "")
	set.StringVar(&o.groups, "G", "", "")
	set.IntVar(&o.uid, "u", 1001, "")
	if err := set.Parse(cmd.Argv[1:]); err != nil || set.NArg() != 1 {
		return o, errors.Join(err, hosttest.Exit(cmd, 2, "usage"))
	}
	o.name = set.Arg(0)
	return o, nil
}

// rewrite changes a database as the tools do: with a backup beside it.
func rewrite(f *hosttest.Fake, name string, change func(string) string) {
	old, attr := f.Content(name), f.Attr(name)
	f.Change(hosttest.FileWith(name+"-", old, host.Attr{Mode: 0o600}), hosttest.FileWith(name, change(old), attr))
}

func appending(line string) func(string) string {
	return func(old string) string { return strings.TrimSuffix(old, "\n") + "\n" + line + "\n" }
}

func useradd(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	o, err := parse(cmd)
	if err != nil {
		return host.Output{}, err
	}
	if strings.Contains("\n"+f.Content("/etc/passwd"), "\n"+o.name+":") {
		return host.Output{}, hosttest.Exit(cmd, 9, "useradd: user '"+o.name+"' already exists")
	}
	id := strconv.Itoa(o.uid)
	if o.shell == "" {
		o.shell = "/bin/sh"
	}
	rewrite(f, "/etc/passwd", appending(o.name+":x:"+id+":"+id+"::"+o.home+":"+o.shell))
	rewrite(f, "/etc/shadow", appending(o.name+":"+o.password+":2::::::"))
	rewrite(f, "/etc/subuid", appending(o.name+":165536:65536"))
	rewrite(f, "/etc/subgid", appending(o.name+":165536:65536"))
	joins(f, o)
	rewrite(f, "/etc/group", appending(o.name+":x:"+id+":"))
	rewrite(f, "/etc/gshadow", appending(o.name+":!::"))
	own := host.Attr{Mode: 0o644, UID: o.uid, GID: o.uid}
	f.Change(hosttest.DirWith(o.home, host.Attr{Mode: 0o700, UID: o.uid, GID: o.uid}),
		hosttest.FileWith(o.home+"/.profile", "# profile\n", own), hosttest.FileWith(o.home+"/.config/app", "a=1\n", own),
		hosttest.FileWith("/var/mail/"+o.name, "", host.Attr{Mode: 0o660, UID: o.uid, GID: 8}))
	return host.Output{}, nil
}

func usermod(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	o, err := parse(cmd)
	if err != nil {
		return host.Output{}, err
	}
	if o.groups != "" && !o.appends {
		return host.Output{}, hosttest.Exit(cmd, 1, "the fake only adds groups")
	}
	joins(f, o)
	if o.shell != "" {
		rewrite(f, "/etc/passwd", func(old string) string {
			lines := strings.Split(old, "\n")
			for i, line := range lines {
				if strings.HasPrefix(line, o.name+":") {
					lines[i] = line[:strings.LastIndex(line, ":")+1] + o.shell
				}
			}
			return strings.Join(lines, "\n")
		})
	}
	return host.Output{}, nil
}

// joins adds the name to groups, at the end of their members.
func joins(f *hosttest.Fake, o options) {
	if o.groups == "" {
		return
	}
	for _, name := range []string{"/etc/group", "/etc/gshadow"} {
		rewrite(f, name, func(old string) string {
			lines := strings.Split(old, "\n")
			for i, line := range lines {
				for g := range strings.SplitSeq(o.groups, ",") {
					if strings.HasPrefix(line, g+":") && strings.HasSuffix(line, ":") {
						lines[i] += o.name
					} else if strings.HasPrefix(line, g+":") {
						lines[i] += "," + o.name
					}
				}
			}
			return strings.Join(lines, "\n")
		})
	}
}
