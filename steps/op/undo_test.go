package op_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

const service = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

// TestDoAndInverse holds every op to the contract of steps.Op: done twice is done
// once, and the inverse is right after Do, without it, and after a Do that
// was cut short at any edit, and it may be repeated as well.
func TestDoAndInverse(t *testing.T) {
	t.Parallel()
	private := host.Attr{Mode: 0o600 | fs.ModeSetuid, UID: 1, GID: 2}
	plain := host.Attr{Mode: 0o644}
	file := hosttest.FileWith("/etc/a", "old", private)
	unit := hosttest.UnitFile("a.service", service)
	for name, c := range map[string]struct {
		host []hosttest.Option
		op   steps.Op
	}{
		"a new file":                         {nil, op.File{Path: "/etc/a", Content: []byte("new"), Attr: private}},
		"a new file in new folders":          {nil, op.File{Path: "/etc/x/y/a", Content: []byte("new"), Attr: plain}},
		"new contents":                       {[]hosttest.Option{file}, op.File{Path: "/etc/a", Content: []byte("new"), Attr: private}},
		"a new mode":                         {[]hosttest.Option{file}, op.File{Path: "/etc/a", Content: []byte("old"), Attr: plain}},
		"new contents and mode":              {[]hosttest.Option{file}, op.File{Path: "/etc/a", Content: []byte("new"), Attr: plain}},
		"a file removed":                     {[]hosttest.Option{file}, op.Remove{Path: "/etc/a"}},
		"nothing removed":                    {nil, op.Remove{Path: "/etc/a"}},
		"a link removed":                     {[]hosttest.Option{hosttest.Link("/etc/a", "../b")}, op.Remove{Path: "/etc/a"}},
		"an empty folder removed":            {[]hosttest.Option{hosttest.DirWith("/etc/d", private)}, op.Remove{Path: "/etc/d"}},
		"a new folder":                       {nil, op.Directory{Path: "/etc/d", Attr: private}},
		"new folders":                        {nil, op.Directory{Path: "/opt/x/y", Attr: private}},
		"a folder's mode":                    {[]hosttest.Option{hosttest.DirWith("/etc/d", private)}, op.Directory{Path: "/etc/d", Attr: plain}},
		"a folder's mode, with files in it":  {[]hosttest.Option{hosttest.File("/etc/d/f", "f")}, op.Directory{Path: "/etc/d", Attr: private}},
		"a new link":                         {nil, op.Symlink{Path: "/etc/x/a", Target: "/b"}},
		"a link to elsewhere":                {[]hosttest.Option{hosttest.Link("/etc/a", "../b")}, op.Symlink{Path: "/etc/a", Target: "/c"}},
		"a sysctl":                           {[]hosttest.Option{hosttest.Sysctl("net.ipv4.tcp_rmem", "1 2 3")}, op.Sysctl{Name: "net.ipv4.tcp_rmem", To: "4 5 6"}},
		"a part of a sysctl":                 {[]hosttest.Option{hosttest.Sysctl("kernel.printk", "7 4 1 7")}, op.Sysctl{Name: "kernel.printk", To: "3"}},
		"an attribute":                       {[]hosttest.Option{hosttest.Attribute("/sys/a", "7")}, op.Attribute{Path: "/sys/a", To: "8"}},
		"an attribute that lists choices":    {[]hosttest.Option{hosttest.Attribute("/sys/a", "x [y] z")}, op.Attribute{Path: "/sys/a", To: "z"}},
		"a module":                           {[]hosttest.Option{hosttest.Module("m", hosttest.Loadable, hosttest.Sysctl("m.a", "1"))}, op.Module{Name: "m", Loaded: true}},
		"a module that is loaded":            {[]hosttest.Option{hosttest.Module("m", hosttest.Loaded)}, op.Module{Name: "m", Loaded: true}},
		"a module that is built in":          {[]hosttest.Option{hosttest.Module("m", hosttest.Builtin)}, op.Module{Name: "m", Loaded: true}},
		"a module unloaded":                  {[]hosttest.Option{hosttest.Module("m", hosttest.Loaded)}, op.Module{Name: "m"}},
		"swap switched off":                  {[]hosttest.Option{hosttest.Swap("/s")}, op.Swap{Device: "/s"}},
		"swap switched on":                   {nil, op.Swap{Device: "/s", On: true}},
		"a unit enabled":                     {[]hosttest.Option{unit}, op.UnitFile{Name: "a.service", State: "enabled"}},
		"a unit disabled":                    {[]hosttest.Option{unit, hosttest.Enabled("a.service")}, op.UnitFile{Name: "a.service", State: "disabled"}},
		"a unit masked":                      {[]hosttest.Option{unit}, op.UnitFile{Name: "a.service", State: "masked"}},
		"an enabled unit masked":             {[]hosttest.Option{unit, hosttest.Enabled("a.service")}, op.UnitFile{Name: "a.service", State: "masked"}},
		"a static unit masked":               {[]hosttest.Option{hosttest.UnitFile("a.service", "[Service]\n")}, op.UnitFile{Name: "a.service", State: "masked"}},
		"a unit that is not there masked":    {nil, op.UnitFile{Name: "a.service", State: "masked"}},
		"a unit that is not there disabled":  {nil, op.UnitFile{Name: "a.service", State: "disabled"}},
		"a mask taken off":                   {[]hosttest.Option{unit, hosttest.Masked("a.service")}, op.UnitFile{Name: "a.service", State: "disabled"}},
		"a masked unit enabled":              {[]hosttest.Option{unit, hosttest.Masked("a.service")}, op.UnitFile{Name: "a.service", State: "enabled"}},
		"a mask taken off an enabled unit":   {[]hosttest.Option{unit, hosttest.Enabled("a.service"), hosttest.Masked("a.service")}, op.UnitFile{Name: "a.service", State: "disabled"}},
		"an enabled unit under a mask freed": {[]hosttest.Option{unit, hosttest.Enabled("a.service"), hosttest.Masked("a.service")}, op.UnitFile{Name: "a.service", State: "enabled"}},
		"a unit started":                     {[]hosttest.Option{unit}, op.Job{Unit: "a.service", Verb: host.JobStart}},
		"a running unit started":             {[]hosttest.Option{unit, hosttest.Running("a.service")}, op.Job{Unit: "a.service", Verb: host.JobStart}},
		"a unit stopped":                     {[]hosttest.Option{unit, hosttest.Running("a.service")}, op.Job{Unit: "a.service", Verb: host.JobStop}},
		"a unit that is not there stopped":   {nil, op.Job{Unit: "a.service", Verb: host.JobStop}},
		"a stopped unit restarted":           {[]hosttest.Option{unit}, op.Job{Unit: "a.service", Verb: host.JobRestart}},
		"a running unit restarted":           {[]hosttest.Option{unit, hosttest.Running("a.service")}, op.Job{Unit: "a.service", Verb: host.JobRestart}},
		"a running unit reloaded":            {[]hosttest.Option{unit, hosttest.Running("a.service")}, op.Job{Unit: "a.service", Verb: host.JobReload}},
		"a daemon-reload":                    {nil, op.DaemonReload{}},
	} {
		t.Run("takes back "+name, func(t *testing.T) {
			t.Parallel()
			proof{t, func() *hosttest.Fake { return hosttest.New(c.host...) }, c.op}.run()
		})
	}
}

type proof struct {
	*testing.T
	host func() *hosttest.Fake
	op   steps.Op
}

func (p proof) run() {
	p.Helper()
	h, undo := p.begin()
	before := snapshot(h)
	p.must(undo.Do(p.Context(), h))
	p.same("the inverse without Do", before, h)

	h, undo = p.begin()
	p.must(p.op.Do(p.Context(), h))
	p.effective(h)
	after, edits := snapshot(h), len(h.Calls())
	p.must(p.op.Do(p.Context(), h))
	p.same("Do a second time", after, h)
	p.must(undo.Do(p.Context(), h))
	p.same("the inverse", before, h)
	p.must(undo.Do(p.Context(), h))
	p.same("the inverse a second time", before, h)

	for n := 1; n <= edits; n++ {
		for _, late := range []bool{false, true} {
			h, undo := p.begin()
			h.Inject(hosttest.Fault{Nth: n, After: late, Err: syscall.EIO})
			if err := p.op.Do(p.Context(), h); !errors.Is(err, syscall.EIO) {
				p.Errorf("edit %d fails: got %v from Do, want it to wrap the cause", n, err)
			}
			h.Heal()
			p.must(undo.Do(p.Context(), h))
			p.same(fmt.Sprintf("the inverse after edit %d of Do failed (after its effect: %v)", n, late), before, h)
		}
	}
}

// effective asks the Plan functions, which need nothing more once Do is done.
func (p proof) effective(h *hosttest.Fake) {
	p.Helper()
	var left steps.Op
	var err error
	switch o := p.op.(type) {
	case op.File:
		left, err = op.PlanFile(h, op.FileWish{Path: o.Path, Content: o.Content, Attr: o.Attr})
	case op.Directory:
		left, err = op.PlanDirectory(h, o.Path, o.Attr)
	case op.Symlink:
		left, err = op.PlanSymlink(h, o.Path, o.Target)
	case op.Remove:
		left, err = op.PlanRemove(h, o.Path)
	case op.Attribute:
		left, err = op.PlanAttribute(h, o.Path, o.To)
	case op.UnitFile:
		left, err = op.PlanUnitFile(p.Context(), h, o.Name, o.State)
	}
	p.must(err)
	if left != nil {
		p.Errorf("after Do the host still lacks %+v", left)
	}
}

// begin makes the host and asks for the inverse, which must not change anything,
// and comes back from the journal as it went there.
func (p proof) begin() (*hosttest.Fake, steps.Op) {
	p.Helper()
	h := p.host()
	undo, err := p.op.Inverse(p.Context(), h)
	p.must(err)
	if undo == nil {
		p.Fatal("got no inverse")
	}
	if calls := h.Calls(); len(calls) > 0 {
		p.Errorf("asking for the inverse changed the host: %v", calls)
	}
	data, err := codec(p.T).Encode(undo)
	p.must(err)
	undo, err = codec(p.T).Decode(data)
	p.must(err)
	return h, undo
}

func (p proof) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p proof) same(what, want string, h *hosttest.Fake) {
	p.Helper()
	if diff := cmp.Diff(want, snapshot(h)); diff != "" {
		p.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func snapshot(h *hosttest.Fake) string { return h.Snapshot(h.StateDir()) }
