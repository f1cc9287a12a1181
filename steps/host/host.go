package host

import "context"

// Host is a View that can also be changed. Only Op.Do gets one.
type Host interface {
	View
	FileWriter
	KernelWriter
	UnitWriter

	// Run runs a command to its end or its deadline; see Command.
	Run(ctx context.Context, cmd Command) (Output, error)
}

// FileWriter changes the file system under the root. The first time that a
// path is touched its original is kept in the state folder (or a stamp that
// there was none), so that the host can be given back as it was.
type FileWriter interface {
	// WriteFile replaces or creates a regular file atomically: a reader sees the
	// old contents or the new, with the new owner and mode, also after a power
	// loss. The parent directory must exist. A path that is a symbolic link or a
	// directory is refused (ErrNotRegular) rather than followed.
	WriteFile(path string, content []byte, attr Attr) error
	// SetAttr changes owner and mode of a file or directory. One that has them is
	// not touched: what an op could not reach on a full or read-only disk, its
	// inverse must not need to reach.
	SetAttr(path string, attr Attr) error
	// Mkdir makes one directory; one that exists gets the attributes, as by SetAttr.
	Mkdir(path string, attr Attr) error
	// Symlink makes or atomically replaces a symbolic link.
	Symlink(path, target string) error
	// Remove removes a file, a link or an empty directory; one that is not
	// there is removed already.
	Remove(path string) error
	// Keep copies a regular file into the state folder's blob store and returns
	// its name there, the SHA-256 of the contents. Keeping twice is keeping once.
	Keep(path string) (blob string, err error)
	// Restore is WriteFile from the blob store.
	Restore(path, blob string, attr Attr) error
}

// KernelWriter changes the running kernel.
type KernelWriter interface {
	// SetSysctl writes a live value; ErrNoSysctl where the kernel lacks the key.
	SetSysctl(key, value string) error
	// SetAttribute writes a file below /sys in place; ReadFile reads it, and
	// AttributeValue tells its value. One that the kernel lacks is fs.ErrNotExist.
	SetAttribute(path, value string) error
	// LoadModule is modprobe. UnloadModule is modprobe -r; a module in use stays
	// and is no error, because a kernel keeps what it needs.
	LoadModule(ctx context.Context, name string) error
	UnloadModule(ctx context.Context, name string) error
	// SwapOff and SwapOn change the use of one swap device or file.
	SwapOff(ctx context.Context, device string) error
	SwapOn(ctx context.Context, device string) error
}

// UnitWriter changes systemd over D-Bus; on a host that is not Live it edits the links on disk.
type UnitWriter interface {
	// SetUnitFileState enables, disables, masks or unmasks (state "disabled" of a masked unit
	// unmasks it). state is one of enabled, disabled, masked.
	SetUnitFileState(ctx context.Context, name, state string) error
	// DaemonReload makes systemd read all unit files again.
	DaemonReload(ctx context.Context) error
	// UnitJob runs a job to its end. A failed job is a *JobError.
	UnitJob(ctx context.Context, name string, verb JobVerb) error
	// Reboot asks for a restart of the machine and returns when that is accepted, which is before it happens:
	// services are stopped in order, and who asked to be waited for (the kubelet, for its pods) is waited for. The boot id
	// tells whether it has happened. It is ErrNotLive in an image.
	Reboot(ctx context.Context) error
}

// JobVerb is what is done to a unit.
type JobVerb string

// The jobs.
const (
	JobStart   JobVerb = "start"
	JobStop    JobVerb = "stop"
	JobRestart JobVerb = "restart"
	JobReload  JobVerb = "reload"
)
