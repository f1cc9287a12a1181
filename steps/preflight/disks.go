package preflight

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps/host"
)

// filesystemOf describes where a folder is, or will be: the nearest folder above it that exists.
func filesystemOf(v host.View, dir string) (host.Filesystem, error) {
	for ; ; dir = path.Dir(dir) {
		found, err := v.Filesystem(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return found, err
		}
	}
}

func checkReadOnly(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	var found []Finding
	for _, dir := range []string{"/etc", "/var"} {
		on, err := filesystemOf(v, dir)
		if err != nil {
			return found, err
		}
		if on.ReadOnly {
			found = append(found, failure("Mount it with rw. A disk that failed shows in the kernel's log (dmesg): then replace it.",
				"%s cannot be written", dir))
		}
	}
	return found, nil
}

// checkFilesystems looks for what snapshots of containers and volumes of pods cannot be kept on.
func checkFilesystems(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	images, err := filesystemOf(v, s.RuntimeDir)
	if err != nil {
		return nil, err
	}
	pods, err := filesystemOf(v, s.KubeletDir)
	if err != nil {
		return nil, err
	}
	var found []Finding
	switch {
	case images.NoFileTypes:
		found = append(found, failure("Move it to a file system of its own: mkfs.xfs with -n ftype=1, or ext4.",
			"%s is on an XFS without file types (ftype=0), on which overlayfs does not work: no container starts", s.RuntimeDir))
	case images.Type == "nfs" || images.Type == "cifs":
		found = append(found, failure("Move it to a local disk.", "%s is on %s, on which overlayfs does not work: no container starts", s.RuntimeDir, images.Type))
	case images.Type == "overlay":
		found = append(found, warning("Mount a disk, or a folder of a disk, there.",
			"%s is on an overlay, and the overlay of a container cannot be kept on another: no container starts with the default snapshotter", s.RuntimeDir))
	}
	if pods.Type == "nfs" || pods.Type == "cifs" {
		found = append(found, failure("Move it to a local disk.", "%s is on %s, and volumes of pods need a file system that is the host's own: owners, sockets and locks", s.KubeletDir, pods.Type))
	}
	return found, nil
}

func checkNoExec(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	var found []Finding
	for _, dir := range []string{s.BinDir, s.RuntimeDir, s.KubeletDir} {
		on, err := filesystemOf(v, dir)
		if err != nil {
			return found, err
		}
		const remedy = "Take noexec out of its line in /etc/fstab or its mount unit, and mount it again."
		switch {
		case !on.NoExec:
		case dir == s.BinDir:
			found = append(found, failure(remedy, "%s is on a file system with noexec: the plugins of the network cannot start, and no pod gets an address", dir))
		default:
			found = append(found, warning(remedy, "%s is on a file system with noexec: programs of containers and volumes may not start", dir))
		}
	}
	return found, nil
}

// room is how much a folder should have free.
type room struct {
	dir string
	// least is an amount in bytes below which hostler cannot work; 0: none.
	least uint64
	// percent of all bytes, and of all inodes, below which there is trouble to come.
	percent, inodePercent uint64
	// why is what happens then.
	why string
}

const mebibyte = 1 << 20

// rooms are the folders that fill up. The percentages of the kubelet and the runtime are those at which the kubelet begins to evict pods
// (kubernetes.io, node-pressure eviction: nodefs.available 10%, imagefs.available 15%, nodefs.inodesFree 5%).
func rooms(s Spec) []room {
	return []room{
		{"/", 100 * mebibyte, 0, 2, "packages cannot be unpacked"},
		{"/etc", 1 * mebibyte, 0, 0, "no file of configuration can be written"},
		{"/var", 500 * mebibyte, 0, 2, "packages cannot be fetched, and hostler cannot write down what it does"},
		{"/boot", 0, 15, 0, "the next kernel does not fit"}, // a kernel with its initramfs takes some 100 MB
		{s.KubeletDir, 0, 10, 5, "the kubelet evicts pods"},
		{s.RuntimeDir, 0, 15, 5, "the kubelet removes images, then evicts pods"},
	}
}

func checkSpace(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	var found []Finding
	for _, r := range rooms(s) {
		on, err := filesystemOf(v, r.dir)
		if err != nil {
			return found, err
		}
		const remedy = "Make room, or the file system larger. What takes it: du -xh --max-depth=2."
		switch {
		case on.FreeBytes < r.least:
			found = append(found, failure(remedy, "%s has %d MiB free, and %d MiB are the least: %s", r.dir, on.FreeBytes/mebibyte, r.least/mebibyte, r.why))
		case on.FreeBytes < on.Bytes/100*r.percent:
			found = append(found, warning(remedy, "%s has %d%% free; below %d%% %s", r.dir, on.FreeBytes*100/on.Bytes, r.percent, r.why))
		}
		if on.FreeInodes < on.Inodes/100*r.inodePercent {
			found = append(found, warning("Remove small files. Where they are: du -x --inodes --max-depth=2.",
				"%s has %d%% of its inodes free; below %d%% %s", r.dir, on.FreeInodes*100/on.Inodes, r.inodePercent, r.why))
		}
	}
	return found, nil
}
