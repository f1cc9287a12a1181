package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sweep removes what runs left that ended without Close. Runs that live are not touched.
func Sweep(ctx context.Context, w io.Writer) error {
	unlock, err := lockRuns(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	entries, err := os.ReadDir(runsFolder)
	if err != nil {
		return fmt.Errorf("looking for dead runs: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		dir := filepath.Join(runsFolder, entry.Name())
		lock, err := tryLock(dir)
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue // it lives
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		newProgress(w).printf("removing what run %s left", entry.Name())
		errs = append(errs, removeRun(ctx, dir), lock.Close())
	}
	return errors.Join(errs...)
}

// removeRun removes everything that the run of a folder made: processes, mounts, cgroups, links, and last its files. The order
// matters: processes hold mounts, and a file must not be removed through a mount.
func removeRun(ctx context.Context, dir string) error {
	id := filepath.Base(dir)
	if err := killRun(ctx, dir); err != nil {
		return fmt.Errorf("ending the processes of run %s: %w", id, err)
	}
	if err := unmountBelow(dir); err != nil {
		return fmt.Errorf("unmounting the file systems of run %s: %w", id, err)
	}
	if err := removeLink(bridgeOf(id)); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing the files of run %s: %w", id, err)
	}
	return nil
}

// killRun ends the processes of a run by the cgroups that it noted.
func killRun(ctx context.Context, dir string) error {
	noted, err := os.ReadFile(filepath.Join(dir, "cgroups"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // killed before it made any
	}
	if err != nil {
		return err
	}
	return cgroup{paths: strings.Fields(string(noted))}.remove(ctx)
}

// unmountBelow unmounts everything below dir, the innermost first.
func unmountBelow(dir string) error {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer f.Close()
	var targets []string
	scanner := bufio.NewScanner(f)
	for scanner.Scan() {
		if fields := strings.Fields(scanner.Text()); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			targets = append(targets, fields[4])
		}
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	for _, target := range slices.Backward(targets) {
		if err := unix.Unmount(target, 0); err != nil {
			return fmt.Errorf("unmounting %s: %w", target, err)
		}
	}
	return nil
}

// Down asks the process that keeps a cluster up for a person to end, as Ctrl-C does, and waits until its run is gone. With no id it
// ends the only one there is, and ends none where there are several, since the others may be somebody else's. Runs that did not
// [Run.AllowDown] it are not touched.
func Down(ctx context.Context, w io.Writer, id string) error {
	notes, err := filepath.Glob(filepath.Join(runsFolder, "*", "owner"))
	if err != nil {
		return err
	}
	var ids []string
	for _, note := range notes {
		ids = append(ids, filepath.Base(filepath.Dir(note)))
	}
	switch {
	case id == "" && len(ids) == 0:
		return nil
	case id == "" && len(ids) == 1:
		id = ids[0]
	case id == "":
		return fmt.Errorf("there are %d clusters, %s: say which to end", len(ids), strings.Join(ids, ", "))
	case !slices.Contains(ids, id):
		return fmt.Errorf("no cluster %s is up, only: %s", id, strings.Join(ids, ", "))
	}
	return endOwner(ctx, filepath.Join(runsFolder, id), w)
}

// endOwner ends the process that holds the lock of a run.
func endOwner(ctx context.Context, dir string, w io.Writer) error {
	content, err := os.ReadFile(filepath.Join(dir, "owner"))
	if err != nil {
		return fmt.Errorf("reading who owns run %s: %w", filepath.Base(dir), err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return fmt.Errorf("reading who owns run %s: %w", filepath.Base(dir), err)
	}
	if lock, err := tryLock(dir); err == nil {
		return lock.Close() // dead: a matter for the sweep, and the pid may be somebody else's by now
	}
	newProgress(w).printf("ending run %s", filepath.Base(dir))
	if err := unix.Kill(pid, unix.SIGTERM); err != nil {
		return fmt.Errorf("ending run %s: %w", filepath.Base(dir), err)
	}
	for {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the end of run %s: %w", filepath.Base(dir), err)
		}
	}
}
