package containerd

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Handler is a runtime handler beside runc, for a RuntimeClass.
type Handler struct {
	// Name is the handler's, such as gvisor.
	Name string
	// Type names the shim: io.containerd.runsc.v1 is the program containerd-shim-runsc-v1.
	Type string
	// ConfigPath is the runtime's own configuration file on the host. Default: none.
	ConfigPath string
	// BinaryName is the absolute path of the program that a shim of runc's kind runs.
	// Default: the shim's own, runc.
	BinaryName string
}

const runtimesField = "spec.cri.containerd.runtimes"

var (
	runtimeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	runtimeType = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2,}$`)
)

// CheckRuntimes returns what is wrong with the runtimes and with an overlay that
// has one of them too; all of it, joined.
func CheckRuntimes(runtimes []Handler, config map[string]any) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range runtimes {
		if err := r.check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", runtimesField, r.Name, err))
		}
		if seen[r.Name] {
			errs = append(errs, fmt.Errorf("%s: %q comes twice: keep one", runtimesField, r.Name))
		}
		seen[r.Name] = true
		for _, plugin := range []string{pluginCRI, pluginRuntime} {
			entry := []string{"plugins", plugin, "containerd", "runtimes", r.Name}
			if lookup(config, entry...) != nil {
				errs = append(errs, &OwnedKeyError{Path: entry, Instead: runtimesField + " alone"})
			}
		}
	}
	return errors.Join(errs...)
}

func (r Handler) check() error {
	var errs []error
	if !runtimeName.MatchString(r.Name) {
		errs = append(errs, errors.New("this is not the name of a handler, such as gvisor"))
	}
	if r.Name == "runc" {
		errs = append(errs, errors.New("runc is always there: give another runtime another name"))
	}
	if !runtimeType.MatchString(r.Type) {
		errs = append(errs, fmt.Errorf("type %q is not the name of a shim, such as io.containerd.runsc.v1", r.Type))
	}
	if r.BinaryName != "" && !r.isRunc() {
		errs = append(errs, fmt.Errorf("binaryName is an option of %s, and %s has no such", shimV2, r.Type))
	}
	if r.ConfigPath != "" && r.isRunc() {
		errs = append(errs, fmt.Errorf("%s has no configuration file: leave configPath away", r.Type))
	}
	for what, value := range map[string]string{"configPath": r.ConfigPath, "binaryName": r.BinaryName} {
		if value != "" && (!path.IsAbs(value) || path.Clean(value) != value) {
			errs = append(errs, fmt.Errorf("%s %q is not a clean absolute path on the host", what, value))
		}
	}
	return errors.Join(errs...)
}

func (r Handler) isRunc() bool { return r.Type == shimV2 || r.Type == shimV1 }

// setRuntimes adds the runtimes; the driver of those of runc's kind is set by
// setCgroupDriver.
func setRuntimes(doc table, l layout, s Settings) error {
	if len(s.Runtimes) == 0 {
		return nil
	}
	runtimes, err := subtable(doc, append(l.containerd[:len(l.containerd):len(l.containerd)], "runtimes")...)
	if err != nil {
		return err
	}
	for _, r := range s.Runtimes {
		entry, err := subtable(runtimes, r.Name)
		if err != nil {
			return err
		}
		entry["runtime_type"] = r.Type
		options, err := subtable(entry, "options")
		if err != nil {
			return err
		}
		r.setOptions(options)
		if len(options) == 0 {
			delete(entry, "options")
		}
	}
	return nil
}

// setOptions sets what is wished for and removes what was; other options stay.
func (r Handler) setOptions(options table) {
	setOrDelete := func(key, value string) {
		if value == "" {
			delete(options, key)
			return
		}
		options[key] = value
	}
	setOrDelete("BinaryName", r.BinaryName)
	setOrDelete("ConfigPath", r.ConfigPath)
	// gVisor's shim takes a file only with the type of its own options (gVisor's
	// documentation, "Containerd Advanced Configuration").
	if r.ConfigPath != "" && strings.HasPrefix(r.Type, "io.containerd.runsc.") {
		options["TypeUrl"] = r.Type + ".options"
	}
}

// setBaseSpec makes every runtime start from the file, but for those that somebody
// gave one of their own. Without a file, ours is no longer named.
func setBaseSpec(doc table, l layout, s Settings) error {
	const key = "base_runtime_spec"
	runtimes, err := subtable(doc, append(l.containerd[:len(l.containerd):len(l.containerd)], "runtimes")...)
	if err != nil {
		return err
	}
	ours := func(name string) bool {
		return name == "runc" || slices.ContainsFunc(s.Runtimes, func(r Handler) bool { return r.Name == name })
	}
	for _, name := range sortedKeys(runtimes) {
		entry, ok := runtimes[name].(table)
		if !ok {
			continue
		}
		present, _ := entry[key].(string)
		switch {
		case s.BaseSpecFile != "" && (present == "" || ours(name)):
			entry[key] = s.BaseSpecFile
		case s.BaseSpecFile == "" && present == BaseSpecFile:
			delete(entry, key)
		}
	}
	return nil
}

// shimFolders are where containerd finds shims: the PATH that systemd gives to
// services (systemd.exec(5)).
var shimFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// warnOfPrograms names programs of the runtimes that are not on the host. It is no
// failure: packages of the same run may bring them, and pods of other classes do
// not need them.
func (s Step) warnOfPrograms(v host.View) error {
	var remarks []error
	for _, r := range s.spec.Runtimes {
		shim := r.shim()
		// The shim of runc comes with containerd.
		if !r.isRunc() && !slices.ContainsFunc(shimFolders, func(dir string) bool { return exists(v, path.Join(dir, shim)) }) {
			remarks = append(remarks, steps.Warning("%s: %s needs the program %s, which is in none of %s now: pods of its RuntimeClass will not start",
				runtimesField, r.Name, shim, strings.Join(shimFolders, ", ")))
		}
		for _, file := range []string{r.BinaryName, r.ConfigPath} {
			if file != "" && !exists(v, file) {
				remarks = append(remarks, steps.Warning("%s: %s names %s, which is not on the host now: pods of its RuntimeClass will not start", runtimesField, r.Name, file))
			}
		}
	}
	return errors.Join(remarks...)
}

// shim is the program's name: the last two parts of the type (containerd's
// runtime/v2/README.md).
func (r Handler) shim() string {
	parts := strings.Split(r.Type, ".")
	if len(parts) < 2 {
		return r.Type
	}
	return "containerd-shim-" + strings.Join(parts[len(parts)-2:], "-")
}

func exists(v host.View, name string) bool {
	_, err := v.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
