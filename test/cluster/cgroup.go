package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroup is one control group in every hierarchy that this machine mounts. Each node gets its own: systemd-nspawn gives a
// container a cgroup namespace, and two that start from the same cgroup would share the cgroups of their units. It is also
// how a run finds each process that it started, whatever became of the parents.
type cgroup struct {
	paths []string // folders below /sys/fs/cgroup
}

// ownCgroup returns the cgroups of this process, so that what is made below keeps within its limits. With cgroup v2 alone it
// returns the root, since a cgroup that has processes cannot have children with controllers.
func ownCgroup() (cgroup, error) {
	lines, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return cgroup{}, fmt.Errorf("reading this process's cgroups: %w", err)
	}
	own := make(map[string]string) // controllers → path
	for line := range strings.Lines(string(lines)) {
		if fields := strings.SplitN(strings.TrimSpace(line), ":", 3); len(fields) == 3 {
			own[fields[1]] = fields[2]
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return cgroup{}, fmt.Errorf("reading the mounted cgroup hierarchies: %w", err)
	}
	return cgroup{paths: cgroupFolders(string(mounts), own)}, nil
}

// cgroupFolders matches the mounted hierarchies with the paths in them, by controllers.
func cgroupFolders(mounts string, own map[string]string) []string {
	var v1, v2 []string
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		switch target, kind, options := fields[1], fields[2], ","+fields[3]+","; kind {
		case "cgroup2":
			v2 = append(v2, target)
		case "cgroup":
			for controllers, path := range own {
				if controllers != "" && strings.Contains(options, ","+controllers+",") {
					v1 = append(v1, filepath.Join(target, path))
				}
			}
		}
	}
	return append(v1, v2...)
}

// child makes a cgroup below c.
func (c cgroup) child(name string) (cgroup, error) {
	var made cgroup
	for _, parent := range c.paths {
		path := filepath.Join(parent, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return cgroup{}, fmt.Errorf("making cgroup %s: %w", path, err)
		}
		if err := inherit(parent, path); err != nil {
			return cgroup{}, err
		}
		made.paths = append(made.paths, path)
	}
	return made, nil
}

// inherit gives a new cgroup what its parent does not pass on by itself: with v1 the CPUs and memory nodes, without which no
// process can join, and with v2 the controllers.
func inherit(parent, path string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if errors.Is(err, fs.ErrNotExist) || err == nil && isV2(path) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(path, file), value, 0o644)
		}
		if err != nil {
			return fmt.Errorf("setting up cgroup %s: %w", path, err)
		}
	}
	controllers, err := os.ReadFile(filepath.Join(path, "cgroup.controllers"))
	if err != nil || len(strings.Fields(string(controllers))) == 0 {
		return nil //nolint:nilerr // v1, or nothing to pass on
	}
	enable := "+" + strings.Join(strings.Fields(string(controllers)), " +")
	if err := os.WriteFile(filepath.Join(path, "cgroup.subtree_control"), []byte(enable), 0o644); err != nil {
		return fmt.Errorf("passing controllers on in cgroup %s: %w", path, err)
	}
	return nil
}

func isV2(path string) bool {
	_, err := os.Stat(filepath.Join(path, "cgroup.controllers"))
	return err == nil
}

// joinScript moves its shell into the cgroups before "--" and becomes the command after it.
const joinScript = `while [ "$1" != -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"`

// wrap returns a command that runs argv inside c.
func (c cgroup) wrap(argv ...string) []string {
	wrapped := append([]string{"/bin/sh", "-c", joinScript, "sh"}, c.paths...)
	return append(append(wrapped, "--"), argv...)
}

// v1 returns the part of c that takes processes beside child cgroups.
func (c cgroup) v1() cgroup {
	var part cgroup
	for _, path := range c.paths {
		if !isV2(path) {
			part.paths = append(part.paths, path)
		}
	}
	return part
}

// remove kills every process in c and below and removes the folders.
func (c cgroup) remove(ctx context.Context) error {
	for {
		alive, err := c.kill()
		if err != nil {
			return err
		}
		if alive == 0 {
			break
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for %d killed processes to end: %w", alive, err)
		}
	}
	var errs []error
	for _, path := range c.paths {
		errs = append(errs, removeCgroup(path))
	}
	return errors.Join(errs...)
}

// kill sends SIGKILL to every process in c and below and returns how many there were.
func (c cgroup) kill() (int, error) {
	pids := make(map[int]bool)
	for _, root := range c.paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed meanwhile, by the systemd of a node that ends
			}
			if err != nil || !entry.IsDir() {
				return err
			}
			return addPids(pids, filepath.Join(path, "cgroup.procs"))
		})
		if err != nil {
			return 0, fmt.Errorf("looking for processes: %w", err)
		}
	}
	for pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return 0, fmt.Errorf("killing process %d: %w", pid, err)
		}
	}
	return len(pids), nil
}

func addPids(pids map[int]bool, file string) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		// 0 is a process of another PID namespace, which cannot be addressed and is not ours.
		if pid, err := strconv.Atoi(scanner.Text()); err == nil && pid > 0 {
			pids[pid] = true
		}
	}
	if err := scanner.Err(); err != nil && !errors.Is(err, syscall.ENODEV) {
		return err
	}
	return nil
}

// removeCgroup removes a folder and those below it. A cgroup's files go with their folder and cannot be removed before it.
func removeCgroup(path string) error {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroup(filepath.Join(path, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing cgroup %s: %w", path, err)
	}
	return nil
}
