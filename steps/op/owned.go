package op

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// OwnedFile is a file that hostler writes as a whole and that has a field of the
// NodeGroup as its source. It belongs to root and everybody may read it.
type OwnedFile struct {
	Path string
	// Field is the source, "operatingSystem.sysctl"; the header tells people to change it there.
	Field string
	// Body is what stands below the header. Without a body the file is not wished
	// for, and one that hostler wrote is removed.
	Body []byte
}

// header marks the file as hostler's.
func (f OwnedFile) header() []byte {
	return fmt.Appendf(nil, "# Kept by hostler: it takes changes made here back.\n# Change %s of the NodeGroup instead.\n", f.Field)
}

// PlanOwnedFile returns the op that the file lacks, or nil. A file that is not
// wished for and was written by somebody else stays, with a warning.
func PlanOwnedFile(v host.View, f OwnedFile) (steps.Op, error) {
	if len(f.Body) > 0 {
		content := append(f.header(), f.Body...)
		return PlanFile(v, FileWish{Path: f.Path, Content: content, Attr: host.Attr{Mode: 0o644}})
	}
	content, err := v.ReadFile(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, host.ErrNotRegular):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.HasPrefix(content, f.header()):
		return nil, steps.Warning("%s was not written by hostler, so it stays: remove it, or take what it says over into %s", f.Path, f.Field)
	}
	return PlanRemove(v, f.Path)
}
