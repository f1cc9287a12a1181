package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// The state folder holds secrets of the host, such as old configuration, and
// nobody else has business there.
const (
	stateFileMode   = 0o600
	stateFolderMode = 0o700
)

// Keep implements FileWriter.
func (h *OS) Keep(p string) (string, error) {
	h.writing.Lock()
	defer h.writing.Unlock()
	return h.keepBlob(p)
}

// keepBlob copies a file into the blob store. The file may be large, so it is
// read twice, for its name and for its contents, rather than held in memory.
func (h *OS) keepBlob(p string) (string, error) {
	file, err := h.openRegular("keeping", p, unix.O_NOFOLLOW)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	blob, err := digestOf(file)
	if err != nil {
		return "", explain("keeping", p, err)
	}
	if _, err := h.Lstat(BlobPath(h.stateDir, blob)); err == nil {
		return blob, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", explain("keeping", p, err)
	}
	return blob, h.writeState(BlobPath(h.stateDir, blob), func(w io.Writer) error {
		return copyBlob(w, file, blob)
	})
}

// copyBlob copies contents that must have a digest.
func copyBlob(w io.Writer, r io.Reader, blob string) error {
	got, err := digestOf(io.TeeReader(r, w))
	if err != nil {
		return err
	}
	if got != blob {
		return fmt.Errorf("contents have SHA-256 %s, want %s: somebody else changed them", got, blob)
	}
	return nil
}

func digestOf(r io.Reader) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Restore implements FileWriter.
func (h *OS) Restore(p, blob string, attr Attr) error {
	stored, err := h.openRegular("reading kept contents", BlobPath(h.stateDir, blob), 0)
	if err != nil {
		return fmt.Errorf("restoring %q: %w", p, err)
	}
	defer func() { _ = stored.Close() }()
	return h.replaceFile("restoring", p, attr, func(w io.Writer) error {
		return copyBlob(w, stored, blob)
	})
}

// keepOriginal notes what is at a path, the first time that it is touched.
func (h *OS) keepOriginal(p string, e entry) error {
	if p == h.stateDir || strings.HasPrefix(p, h.stateDir+"/") {
		return nil
	}
	at := OriginalPath(h.stateDir, p)
	if _, err := h.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	original, err := h.original(p, e)
	if err != nil {
		return err
	}
	text, err := json.Marshal(original)
	if err != nil {
		return err
	}
	return h.writeState(at, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// original describes an entry before it is touched, and keeps its contents.
func (h *OS) original(p string, e entry) (Original, error) {
	original := Original{Path: p, Kind: OriginalNone}
	if !e.exists {
		return original, nil
	}
	original.Kind, original.Attr = OriginalOther, e.info.Attr()
	var err error
	switch {
	case e.info.Mode.IsRegular():
		original.Kind = OriginalFile
		original.Blob, err = h.keepBlob(p)
	case e.info.Mode.IsDir():
		original.Kind = OriginalFolder
	case e.info.Mode&fs.ModeSymlink != 0:
		original.Kind, original.Attr = OriginalLink, Attr{}
		original.Target, err = h.Readlink(p)
	}
	return original, err
}

// writeState writes a file of the state folder and makes the folders on the
// way. The caller holds h.writing.
func (h *OS) writeState(p string, fill func(io.Writer) error) error {
	if err := h.makeStateFolder(path.Dir(p)); err != nil {
		return err
	}
	e, err := h.entry(p)
	if err != nil {
		return explain("writing", p, err)
	}
	defer e.close()
	if err := e.replace(h.ownAttr(stateFileMode), fill); err != nil {
		return explain("writing", p, err)
	}
	return nil
}

// makeStateFolder makes a folder of the state with its parents. Those above the
// state folder are ordinary ones.
func (h *OS) makeStateFolder(p string) error {
	if _, err := h.Stat(p); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := h.makeStateFolder(path.Dir(p)); err != nil {
		return err
	}
	e, err := h.entry(p)
	if err != nil {
		return explain("making folder", p, err)
	}
	defer e.close()
	mode := fs.FileMode(stateFolderMode)
	if strings.HasPrefix(h.stateDir, p+"/") {
		mode = 0o755
	}
	if err := e.makeFolder(h.ownAttr(mode)); err != nil {
		return explain("making folder", p, err)
	}
	return nil
}

// ownAttr gives files to whoever runs the process: root on a host, anyone who
// bakes an image.
func (h *OS) ownAttr(mode fs.FileMode) Attr {
	return Attr{Mode: mode, UID: os.Geteuid(), GID: os.Getegid()}
}
