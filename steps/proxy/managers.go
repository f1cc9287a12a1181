package proxy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// AptFile is the drop-in of apt, and of apt over rpm.
const AptFile = "/etc/apt/apt.conf.d/90hostler-proxy"

// planManager returns the op that the package manager's configuration lacks.
func (s Spec) planManager(v host.View) (steps.Op, error) {
	switch s.PackageManager {
	case distros.Apt, distros.AptRPM:
		return op.PlanOwnedFile(v, op.OwnedFile{Path: AptFile, Field: field, Body: s.apt()})
	case distros.Dnf:
		return s.planBlock(v, "/etc/dnf/dnf.conf", s.ini())
	case distros.Yum:
		return s.planBlock(v, "/etc/yum.conf", s.ini())
	case distros.Zypper:
		return s.planBlock(v, "/etc/sysconfig/proxy", s.sysconfig())
	}
	if !s.wanted() {
		return nil, nil
	}
	return nil, fmt.Errorf("%s: it is not known how package manager %q takes a proxy", field, s.PackageManager)
}

// apt is the drop-in, see apt.conf(5) and apt-transport-http(1). Only hosts can be
// reached directly, neither domains nor networks. apt takes the proxy of http for https too
// where none is said.
func (s Spec) apt() []byte {
	if !s.wanted() {
		return nil
	}
	var b strings.Builder
	for _, proxy := range []variable{{"http", s.HTTP}, {"https", s.HTTPS}} {
		if proxy.value != "" {
			fmt.Fprintf(&b, "Acquire::%s::Proxy \"%s\";\n", proxy.name, proxy.value)
		}
	}
	for _, host := range s.direct() {
		if strings.HasPrefix(host, ".") || strings.ContainsAny(host, ":/*[]") {
			continue
		}
		fmt.Fprintf(&b, "Acquire::http::Proxy::%s \"DIRECT\";\nAcquire::https::Proxy::%s \"DIRECT\";\n", host, host)
	}
	return []byte(b.String())
}

// ini is for dnf.conf(5) and yum.conf(5): one proxy for all, that of https where there
// are two, because that is what repositories use.
func (s Spec) ini() block {
	return block{section: "[main]", keys: []string{"proxy"}, lines: []string{"proxy=" + cmp.Or(s.HTTPS, s.HTTP)}}
}

// sysconfig is what libzypp and most other programs of SUSE read. Without
// PROXY_ENABLED the rest does not count.
func (s Spec) sysconfig() block {
	b := block{}
	for _, set := range []variable{
		{"PROXY_ENABLED", "yes"}, {"HTTP_PROXY", s.HTTP}, {"HTTPS_PROXY", s.HTTPS}, {"NO_PROXY", strings.Join(s.direct(), ",")},
	} {
		b.keys = append(b.keys, set.name)
		b.lines = append(b.lines, fmt.Sprintf("%s=%q", set.name, set.value))
	}
	return b
}

// planBlock returns the op that brings the block into the file or takes it out. A
// file that holds nothing else then goes.
func (s Spec) planBlock(v host.View, file string, b block) (steps.Op, error) {
	before, err := v.ReadFile(file)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, err
	}
	edit := without
	if s.wanted() {
		edit = b.in
	}
	after, err := edit(before)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	case bytes.Equal(before, after):
		return nil, nil
	case len(after) == 0:
		return op.PlanRemove(v, file)
	}
	attr := host.Attr{Mode: 0o644}
	if !missing {
		info, err := v.Stat(file)
		if err != nil {
			return nil, err
		}
		attr = info.Attr()
	}
	return op.PlanFile(v, op.FileWish{Path: file, Content: after, Attr: attr})
}
