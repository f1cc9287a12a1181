package host

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
)

// DefaultStateDir is where a host keeps what must outlive a process: originals,
// blobs and runs.
const DefaultStateDir = "/var/lib/hostler"

// Original is a path as it was before hostler first touched it. It is kept for
// good, one JSON file per path, so that the host can be given back.
type Original struct {
	Path string       `json:"path"`
	Kind OriginalKind `json:"kind"`
	// Attr is set for files and folders.
	Attr Attr `json:"attr,omitzero"`
	// Blob names the contents of a file in the blob store.
	Blob string `json:"blob,omitempty"`
	// Target is where a link pointed to.
	Target string `json:"target,omitempty"`
}

// OriginalKind is what was at the path.
type OriginalKind string

// The kinds of originals. Anything else, such as a device, is OriginalOther:
// it is noted, and cannot be given back.
const (
	OriginalNone   OriginalKind = "none"
	OriginalFile   OriginalKind = "file"
	OriginalFolder OriginalKind = "folder"
	OriginalLink   OriginalKind = "link"
	OriginalOther  OriginalKind = "other"
)

// OriginalPath is where the original of a path is kept.
func OriginalPath(stateDir, touched string) string {
	return path.Join(stateDir, "originals", digest([]byte(touched))+".json")
}

// BlobPath is where the contents with a digest are kept.
func BlobPath(stateDir, blob string) string { return path.Join(stateDir, "blobs", blob) }

// digest is the name of contents in the blob store.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
