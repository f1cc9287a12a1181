package host

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Filesystem implements Files.
func (h *OS) Filesystem(p string) (Filesystem, error) {
	fd, err := h.openPath("looking at the file system of", p, unix.O_PATH)
	if err != nil {
		return Filesystem{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return Filesystem{}, explain("looking at the file system of", p, err)
	}
	block := uint64(st.Bsize)
	if st.Frsize > 0 { // the unit of the counts, where it is another
		block = uint64(st.Frsize)
	}
	out := Filesystem{
		Type: typeName(st.Type), Bytes: st.Blocks * block, FreeBytes: st.Bavail * block, Inodes: st.Files, FreeInodes: st.Ffree,
		ReadOnly: st.Flags&unix.ST_RDONLY != 0, NoExec: st.Flags&unix.ST_NOEXEC != 0,
	}
	if out.Type == "xfs" {
		out.NoFileTypes = h.xfsWithoutFileTypes(p)
	}
	return out, nil
}

// magics are the file systems that nodes have, by the number in statfs(2).
var magics = map[int64]string{
	unix.BTRFS_SUPER_MAGIC: "btrfs", unix.CIFS_SUPER_MAGIC: "cifs", unix.EROFS_SUPER_MAGIC_V1: "erofs", unix.EXT4_SUPER_MAGIC: "ext4",
	unix.F2FS_SUPER_MAGIC: "f2fs", unix.FUSE_SUPER_MAGIC: "fuse", unix.NFS_SUPER_MAGIC: "nfs", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.RAMFS_MAGIC: "ramfs", unix.SQUASHFS_MAGIC: "squashfs", unix.TMPFS_MAGIC: "tmpfs", unix.XFS_SUPER_MAGIC: "xfs",
	zfsMagic: "zfs",
}

// zfsMagic is not in the kernel's headers (openzfs, include/sys/zfs_vfsops_os.h: ZFS_SUPER_MAGIC).
const zfsMagic = 0x2fc12fc1

func typeName(magic int64) string {
	// Some architectures have a signed field, and fill it with the sign.
	if name, known := magics[magic&0xffffffff]; known {
		return name
	}
	return fmt.Sprintf("0x%x", uint32(magic))
}

// The question for the geometry of an XFS (linux, fs/xfs/libxfs/xfs_fs.h): XFS_IOC_FSGEOMETRY_V1, which old kernels
// answer too, the size of its structure, and where in it the flags are.
const (
	xfsGeometry     = 0x80705864
	xfsGeometrySize = 112
	xfsFlagsOffset  = 92
	xfsFlagFtype    = 1 << 16
)

// xfsWithoutFileTypes tells whether an XFS was made with ftype=0. Where it cannot be told it is taken to be well:
// such a file system is older than 2014.
func (h *OS) xfsWithoutFileTypes(p string) bool {
	fd, err := h.openPath("looking at the file system of", p, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return false
	}
	defer func() { _ = unix.Close(fd) }()
	var geometry [xfsGeometrySize]byte
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), xfsGeometry, uintptr(unsafe.Pointer(&geometry))) //nolint:gosec // the kernel writes the structure, and the buffer has its size
	return errno == 0 && binary.NativeEndian.Uint32(geometry[xfsFlagsOffset:])&xfsFlagFtype == 0
}
