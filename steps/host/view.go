package host

import (
	"context"
	"io/fs"
	"net/netip"
	"time"
)

// View is a host that cannot be changed: none of its methods writes, so a plan
// made through it cannot lie. Paths are absolute and clean.
type View interface {
	Files
	Kernel
	Units
	Links
	Commands
	Scripts
}

// Files reads the file system under the root. Errors wrap fs.ErrNotExist,
// fs.ErrPermission and the like and name the path.
type Files interface {
	// ReadFile follows symbolic links, inside the root.
	ReadFile(path string) ([]byte, error)
	// Lstat describes the path itself, Stat what it leads to.
	Lstat(path string) (Info, error)
	Stat(path string) (Info, error)
	Readlink(path string) (string, error)
	// ReadDir returns the names in a directory, sorted.
	ReadDir(path string) ([]string, error)
	// Filesystem describes the file system that what the path leads to is on.
	Filesystem(path string) (Filesystem, error)
	// LockHolder names a process that holds a POSIX (fcntl) or flock lock on
	// the file; ok is false when nobody does or the file does not exist.
	LockHolder(path string) (holder Process, ok bool, err error)
}

// Info describes a path.
type Info struct {
	// Mode holds type and permission bits, setuid, setgid and sticky included.
	Mode fs.FileMode
	UID  int
	GID  int
	// Size in bytes.
	Size    int64
	ModTime time.Time
}

// Filesystem is a mounted file system.
type Filesystem struct {
	// Type is the kernel's name for it: ext4, xfs, overlay, nfs, … or the number of statfs(2), as "0x…".
	Type string
	// Bytes is its size, and FreeBytes what programs without root rights may still write.
	Bytes, FreeBytes uint64
	// Inodes is how many files it can hold; 0: as many as there is room for.
	Inodes, FreeInodes uint64
	ReadOnly           bool
	// NoExec: no program starts from here.
	NoExec bool
	// NoFileTypes: an XFS without file types in its folders (ftype=0), on which overlayfs cannot work.
	NoFileTypes bool
}

// Attr is what a file or directory has beside its contents.
type Attr struct {
	// Mode holds permission bits, setuid, setgid and sticky only.
	Mode fs.FileMode `json:"mode"`
	UID  int         `json:"uid"`
	GID  int         `json:"gid"`
}

// Attr returns the part of the description that can be set.
func (i Info) Attr() Attr {
	return Attr{Mode: i.Mode & ModeBits, UID: i.UID, GID: i.GID}
}

// ModeBits are the mode bits that Attr holds.
const ModeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// Process is a process of the host.
type Process struct {
	PID     int
	Command string
	// Started is when the process began; zero where it cannot be told.
	Started time.Time
}

// Kernel reads the running kernel. On a host that is not Live every method
// but Live fails with ErrNotLive.
type Kernel interface {
	// Live is false for an image folder: there is no kernel, no systemd and no
	// running service, and steps plan only what is kept on disk.
	Live() bool
	// Sysctl returns the value of a key in dotted or slashed form, blanks as the
	// kernel prints them; see package sysctl for comparing. A key that the
	// running kernel does not have is ErrNoSysctl.
	Sysctl(key string) (string, error)
	// Module tells whether a kernel module is loaded, built in, or neither.
	Module(name string) (ModuleState, error)
	// Swaps lists the active swap devices and files, as in /proc/swaps.
	Swaps() ([]string, error)
	// BootID changes at every boot.
	BootID() (string, error)
	// ClockSynchronised tells whether a time server or another source disciplines
	// the kernel's clock, whichever daemon passes it on.
	ClockSynchronised() (bool, error)
}

// ModuleState is whether the running kernel has a module.
type ModuleState int

// The states of a module. Dashes and underscores in names are the same.
const (
	ModuleAbsent ModuleState = iota
	ModuleLoaded
	ModuleBuiltin
)

// Units reads systemd's units. On a host that is not Live only the Name and
// UnitFileState of a Unit are filled in, from the links on disk.
type Units interface {
	// Unit describes a unit; one that does not exist has LoadState "not-found"
	// and no error.
	Unit(ctx context.Context, name string) (Unit, error)
	// UnitsLike lists the loaded units whose names match a glob: "*.swap".
	UnitsLike(ctx context.Context, pattern string) ([]Unit, error)
	// UnitLog returns the last lines that a unit wrote to the journal, oldest
	// first, for showing why it failed.
	UnitLog(ctx context.Context, name string, lines int) ([]string, error)
}

// Unit is a systemd unit; the fields are the properties of
// org.freedesktop.systemd1.Unit of the same name.
type Unit struct {
	Name             string
	LoadState        string // loaded, not-found, masked, error, …
	ActiveState      string // active, inactive, failed, activating, …
	SubState         string
	UnitFileState    string // enabled, disabled, static, masked, … empty: no unit file
	Result           string // success, exit-code, timeout, … (services)
	NeedDaemonReload bool
	MainPID          int
	// ActiveSince is when the unit became active; zero when it is not.
	ActiveSince time.Time
	Restarts    int
}

// Exists tells whether systemd finds the unit, masked or not.
func (u Unit) Exists() bool { return u.LoadState != "not-found" && u.LoadState != "" }

// Active tells whether the unit is running (or done, for one-shots that stay).
func (u Unit) Active() bool { return u.ActiveState == "active" || u.ActiveState == "reloading" }

// Links reads the network interfaces, over netlink.
type Links interface {
	// Interfaces lists the interfaces with their addresses.
	Interfaces(ctx context.Context) ([]Interface, error)
	// DefaultRoutes lists the interfaces that default routes leave by, best
	// metric first.
	DefaultRoutes(ctx context.Context) ([]Route, error)
}

// Interface is a network interface.
type Interface struct {
	Name      string
	Up        bool
	Addresses []netip.Prefix
}

// Route is a default route.
type Route struct {
	Interface string
	Gateway   netip.Addr
	// Source is the preferred source address; the zero Addr where none is set.
	Source netip.Addr
	Metric int
}

// Commands runs programs that only read.
type Commands interface {
	// Query runs a command of the allow-list (see queries.go) and returns its
	// standard output. Others are refused with ErrNotReadOnly.
	Query(ctx context.Context, cmd Command) (Output, error)
}

// Scripts runs checks that somebody wrote.
type Scripts interface {
	// Check runs a script that sees every file system of the host read-only, with an
	// empty /tmp of its own, / as its folder, nothing on standard input and a clean
	// environment. What it prints goes nowhere. An exit code is no error; a script
	// that cannot be started or passes its deadline (ErrTimeout) is one. It needs root
	// rights, and on a host that is not Live it is ErrNotLive.
	Check(ctx context.Context, script Script) (CheckResult, error)
}
