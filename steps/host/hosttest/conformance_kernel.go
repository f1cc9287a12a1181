package hosttest

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

func isLive(c Caps) bool  { return c.Kernel != nil }
func isImage(c Caps) bool { return c.Kernel == nil }

var kernelCases = []conformanceCase{
	{name: "has no kernel in an image", needs: isImage, run: func(t *testing.T, s *suite) {
		if s.Live() {
			t.Error("got Live, want an image")
		}
		_, err := s.Sysctl("vm.swappiness")
		wantError(t, err, host.ErrNotLive)
		wantError(t, s.SetSysctl("vm.swappiness", "1"), host.ErrNotLive)
		wantError(t, s.SetAttribute("/sys/kernel/mm/ksm/run", "0"), host.ErrNotLive)
		_, err = s.Module("overlay")
		wantError(t, err, host.ErrNotLive)
		wantError(t, s.LoadModule(t.Context(), "overlay"), host.ErrNotLive)
		wantError(t, s.UnloadModule(t.Context(), "overlay"), host.ErrNotLive)
		_, err = s.Swaps()
		wantError(t, err, host.ErrNotLive)
		wantError(t, s.SwapOff(t.Context(), "/dev/sda2"), host.ErrNotLive)
		wantError(t, s.SwapOn(t.Context(), "/dev/sda2"), host.ErrNotLive)
		_, err = s.BootID()
		wantError(t, err, host.ErrNotLive)
		_, err = s.ClockSynchronised()
		wantError(t, err, host.ErrNotLive)
	}},
	{name: "has no systemd in an image", needs: isImage, run: func(t *testing.T, s *suite) {
		_, err := s.UnitsLike(t.Context(), "*.service")
		wantError(t, err, host.ErrNotLive)
		_, err = s.UnitLog(t.Context(), "a.service", 1)
		wantError(t, err, host.ErrNotLive)
		wantError(t, s.DaemonReload(t.Context()), host.ErrNotLive)
		wantError(t, s.UnitJob(t.Context(), "a.service", host.JobStart), host.ErrNotLive)
		wantError(t, s.Reboot(t.Context()), host.ErrNotLive)
	}},
	{name: "has no network in an image", needs: isImage, run: func(t *testing.T, s *suite) {
		_, err := s.Interfaces(t.Context())
		wantError(t, err, host.ErrNotLive)
		_, err = s.DefaultRoutes(t.Context())
		wantError(t, err, host.ErrNotLive)
	}},
	{name: "does not know a sysctl that the kernel lacks", needs: isLive, run: func(t *testing.T, s *suite) {
		for _, key := range []string{"net.hostler.nothing", "vm.swappiness.nothing", "net.ipv4", "nothing"} {
			_, err := s.Sysctl(key)
			wantError(t, err, host.ErrNoSysctl)
			wantError(t, s.SetSysctl(key, "1"), host.ErrNoSysctl)
		}
		for _, key := range []string{"", "net..ipv4", "../../etc/passwd", "/etc/passwd"} {
			_, err := s.Sysctl(key)
			wantError(t, err, fs.ErrInvalid)
		}
	}},
	{name: "takes sysctl keys with dots or slashes", needs: isLive, run: func(t *testing.T, s *suite) {
		dotted, err := s.Sysctl(s.caps.Kernel.Flag)
		must(t, err)
		slashed, err := s.Sysctl(strings.ReplaceAll(s.caps.Kernel.Flag, ".", "/"))
		if err != nil || slashed != dotted {
			t.Errorf("got %q with slashes, %v, want %q as with dots", slashed, err, dotted)
		}
	}},
	{name: "writes sysctls and prints them as the kernel does", needs: isLive, run: func(t *testing.T, s *suite) {
		s.giveBackSysctls(t)
		flag, vector := s.caps.Kernel.Flag, s.caps.Kernel.Vector
		for _, value := range []string{"0", "1", "0"} {
			must(t, s.SetSysctl(flag, value))
			s.wantSysctl(t, flag, value)
		}
		must(t, s.SetSysctl(flag, " 0x1 "))
		s.wantSysctl(t, flag, "1")
		must(t, s.SetSysctl(vector, "4096 131072  6291456"))
		s.wantSysctl(t, vector, "4096\t131072\t6291456")
		must(t, s.SetSysctl(vector, "8192"))
		s.wantSysctl(t, vector, "8192\t131072\t6291456")
	}},
	{name: "refuses values that the kernel refuses", needs: isLive, run: func(t *testing.T, s *suite) {
		s.giveBackSysctls(t)
		must(t, s.SetSysctl(s.caps.Kernel.Flag, "1"))
		err := s.SetSysctl(s.caps.Kernel.Flag, "many")
		wantError(t, err, syscall.EINVAL)
		if err != nil && !(strings.Contains(err.Error(), "many") && strings.Contains(err.Error(), s.caps.Kernel.Flag)) {
			t.Errorf("got error %q, want it to name key and value", err)
		}
		s.wantSysctl(t, s.caps.Kernel.Flag, "1")
		wantError(t, s.SetSysctl(s.caps.Kernel.ReadOnly, "1"), fs.ErrPermission)
	}},
	{name: "writes attributes in place", needs: isLive, run: func(t *testing.T, s *suite) {
		p := s.caps.Kernel.Attribute
		before, err := s.ReadFile(p)
		must(t, err)
		t.Cleanup(func() { must(t, s.SetAttribute(p, host.AttributeValue(before))) })
		for _, value := range []string{"1234", "1235"} {
			must(t, s.SetAttribute(p, value))
			s.wantContent(t, p, value+"\n")
		}
	}},
	{name: "refuses attributes that the kernel refuses", needs: isLive, run: func(t *testing.T, s *suite) {
		p := s.caps.Kernel.Attribute
		before, err := s.ReadFile(p)
		must(t, err)
		err = s.SetAttribute(p, "many")
		wantError(t, err, syscall.EINVAL)
		if err != nil && !(strings.Contains(err.Error(), "many") && strings.Contains(err.Error(), p)) {
			t.Errorf("got error %q, want it to name attribute and value", err)
		}
		s.wantContent(t, p, string(before))
		wantError(t, s.SetAttribute(s.caps.Kernel.ReadOnlyAttribute, "1"), fs.ErrPermission)
		wantError(t, s.SetAttribute("/sys/kernel/hostler", "1"), fs.ErrNotExist)
		wantError(t, s.SetAttribute("/sys/kernel", "1"), host.ErrNotRegular)
		for _, outside := range []string{"/etc/hostname", "/sys/../etc/hostname", "sys/kernel"} {
			wantError(t, s.SetAttribute(outside, "1"), fs.ErrInvalid)
		}
	}},
	{name: "tells modules that it lacks", needs: isLive, run: func(t *testing.T, s *suite) {
		const missing = "hostler_conformance_no_such_module"
		if state, err := s.Module(missing); state != host.ModuleAbsent || err != nil {
			t.Errorf("got %v, %v, want ModuleAbsent", state, err)
		}
		var failed *host.CommandError
		if err := s.LoadModule(t.Context(), missing); !errors.As(err, &failed) {
			t.Errorf("loading it: got %v, want a CommandError", err)
		}
		must(t, s.UnloadModule(t.Context(), missing))
	}},
	{name: "loads no module that is there already", needs: isLive, run: func(t *testing.T, s *suite) {
		state, err := s.Module("overlay")
		if err != nil || state == host.ModuleAbsent {
			t.Fatalf("overlay: got %v, %v, want loaded or built in", state, err)
		}
		must(t, s.LoadModule(t.Context(), "overlay"))
	}},
	{name: "switches swap that is off already off", needs: isLive, run: func(t *testing.T, s *suite) {
		before, err := s.Swaps()
		must(t, err)
		must(t, s.SwapOff(t.Context(), s.at("no-swap")))
		if after, err := s.Swaps(); err != nil || len(after) != len(before) {
			t.Errorf("got swaps %q, %v, want %q as before", after, err, before)
		}
	}},
	{name: "keeps one boot id while it runs", needs: isLive, run: func(t *testing.T, s *suite) {
		first, err := s.BootID()
		must(t, err)
		if second, err := s.BootID(); err != nil || second != first || len(first) != 36 {
			t.Errorf("got %q and %q, %v, want one UUID twice", first, second, err)
		}
	}},
	{name: "tells whether the clock is disciplined", needs: isLive, run: func(t *testing.T, s *suite) {
		first, err := s.ClockSynchronised()
		must(t, err)
		if second, err := s.ClockSynchronised(); err != nil || second != first {
			t.Errorf("got %v and then %v, %v, want one answer twice", first, second, err)
		}
	}},
	{name: "has a loopback interface", needs: isLive, run: func(t *testing.T, s *suite) {
		interfaces, err := s.Interfaces(t.Context())
		must(t, err)
		for _, found := range interfaces {
			if found.Name == "lo" {
				return
			}
		}
		t.Errorf("got %+v, want lo among them", interfaces)
	}},
	{name: "lists default routes by metric", needs: isLive, run: func(t *testing.T, s *suite) {
		routes, err := s.DefaultRoutes(t.Context())
		must(t, err)
		for i, route := range routes {
			if route.Interface == "" || i > 0 && routes[i-1].Metric > route.Metric {
				t.Errorf("got routes %+v, want each with its interface, best metric first", routes)
			}
		}
	}},
}

func (s *suite) wantSysctl(t *testing.T, key, want string) {
	t.Helper()
	if got, err := s.Sysctl(key); err != nil || got != want {
		t.Errorf("sysctl %s: got %q, %v, want %q", key, got, err, want)
	}
}

// giveBackSysctls restores the keys that a case changes.
func (s *suite) giveBackSysctls(t *testing.T) {
	t.Helper()
	for _, key := range []string{s.caps.Kernel.Flag, s.caps.Kernel.Vector} {
		value, err := s.Sysctl(key)
		must(t, err)
		t.Cleanup(func() { must(t, s.SetSysctl(key, value)) })
	}
}
