package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps"
)

// Cache is what the agent must not forget, in files for root alone. Each is replaced whole, so that it is old or new
// after a power loss. A file that cannot be understood is as good as none: the source tells it all again, but for what
// it cannot know, which costs an approval.
type Cache struct {
	dir string
	// written is what the files hold, as far as this process wrote it: most writes would change nothing.
	written map[string]string
}

// OpenCache makes the folder below a host's state folder.
func OpenCache(stateDir string) (*Cache, error) {
	dir := filepath.Join(stateDir, "agent")
	if err := os.MkdirAll(filepath.Join(dir, "revisions"), 0o700); err != nil {
		return nil, fmt.Errorf("making the agent's cache: %w", err)
	}
	return &Cache{dir, map[string]string{}}, nil
}

// Memory is what the agent knows of the host beside the journal.
type Memory struct {
	// Applied is the last revision that the host fully had.
	Applied string `json:"applied,omitempty"`
	// Failures are the last runs of revisions that failed, one for each revision, newest first.
	Failures []v1alpha1.Failure `json:"failures,omitempty"`
	// Spent is the time of the approval of the last run that ended well.
	Spent metav1.MicroTime `json:"spent,omitzero"`
	// DriftSince is when the drift that is there now was first seen.
	DriftSince metav1.Time `json:"driftSince,omitzero"`
	// Run is what the run under way is allowed; nil: none is.
	Run *Leave `json:"run,omitempty"`
	// GaveUp are the optional steps that failed when Applied was applied. They are left alone until another revision.
	GaveUp []GaveUp `json:"gaveUp,omitempty"`
	// Conditions are those that were reported last, for the times of their transitions.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// GaveUp is an optional step that failed, and why.
type GaveUp struct {
	Step  string `json:"step"`
	Error string `json:"error"`
}

// gaveUp tells whether a step of the applied revision is left alone.
func (m *Memory) gaveUp(step string) bool {
	return slices.ContainsFunc(m.GaveUp, func(g GaveUp) bool { return g.Step == step })
}

// Leave is under what a run was begun.
type Leave struct {
	Revision string       `json:"revision"`
	Ceiling  steps.Impact `json:"ceiling"`
	// Approved is the time of the approval that there was. A repair needs none, but is not tried again under the same one
	// after it failed.
	Approved metav1.MicroTime `json:"approved,omitzero"`
	// Repair says that it repairs drift, and leaves alone what the drift policy says.
	Repair bool `json:"repair,omitempty"`
}

// failure of a revision, or nil.
func (m *Memory) failure(revision string) *v1alpha1.Failure {
	if i := slices.IndexFunc(m.Failures, func(f v1alpha1.Failure) bool { return f.Revision == revision }); i >= 0 {
		return &m.Failures[i]
	}
	return nil
}

// keptFailures bounds the failures that are remembered.
const keptFailures = 10

func (m *Memory) noteFailure(f v1alpha1.Failure) {
	m.forgive(f.Revision)
	m.Failures = append([]v1alpha1.Failure{f}, m.Failures...)
	m.Failures = m.Failures[:min(len(m.Failures), keptFailures)]
}

// forgive forgets the failure of a revision.
func (m *Memory) forgive(revision string) {
	m.Failures = slices.DeleteFunc(m.Failures, func(f v1alpha1.Failure) bool { return f.Revision == revision })
}

const (
	assignmentFile = "assignment.json"
	memoryFile     = "memory.json"
)

// Assignment is what was wanted last; nil: nothing, or it is not known.
func (c *Cache) Assignment() (*Assignment, error) {
	var a *Assignment
	err := c.read(assignmentFile, &a)
	return a, err
}

// SetAssignment keeps what is wanted; nil: nothing.
func (c *Cache) SetAssignment(a *Assignment) error { return c.write(assignmentFile, a) }

// Memory reads the memory. known is false where there is none.
func (c *Cache) Memory() (memory Memory, known bool, err error) {
	var m *Memory
	if err := c.read(memoryFile, &m); err != nil || m == nil {
		return Memory{}, false, err
	}
	return *m, true, nil
}

// SetMemory keeps the memory.
func (c *Cache) SetMemory(m *Memory) error { return c.write(memoryFile, m) }

// Revision reads a revision and checks that it is whole. The error is fs.ErrNotExist where it is not kept.
func (c *Cache) Revision(name string) (render.Revision, error) {
	if !isFileName(name) {
		return render.Revision{}, fmt.Errorf("revision %q: no revision has such a name", name)
	}
	var revision *render.Revision
	if err := c.read(revisionFile(name), &revision); err != nil {
		return render.Revision{}, err
	}
	if revision == nil {
		return render.Revision{}, fmt.Errorf("revision %s is not kept on this host: %w", name, fs.ErrNotExist)
	}
	if err := verify(*revision, name); err != nil {
		return render.Revision{}, err
	}
	return *revision, nil
}

// KeepRevision keeps a revision that was verified.
func (c *Cache) KeepRevision(r render.Revision) error { return c.write(revisionFile(r.Name), r) }

// Prune removes all revisions but those with the names.
func (c *Cache) Prune(names ...string) error {
	entries, err := os.ReadDir(filepath.Join(c.dir, "revisions"))
	if err != nil {
		return fmt.Errorf("listing the revisions on this host: %w", err)
	}
	var failures []error
	for _, entry := range entries {
		if !slices.Contains(names, strings.TrimSuffix(entry.Name(), ".json")) {
			delete(c.written, filepath.Join("revisions", entry.Name()))
			failures = append(failures, os.Remove(filepath.Join(c.dir, "revisions", entry.Name())))
		}
	}
	return errors.Join(failures...)
}

// verify tells whether a revision is what its name says.
func verify(r render.Revision, name string) error {
	if r.Name != name {
		return fmt.Errorf("revision %s is in the place of revision %s: %w", r.Name, name, render.ErrChecksum)
	}
	return render.Verify(r)
}

func revisionFile(name string) string { return filepath.Join("revisions", name+".json") }

// isFileName keeps names that come from elsewhere inside the folder.
func isFileName(name string) bool { return name != "" && name == filepath.Base(name) && name[0] != '.' }

// read leaves what it reads into alone where there is no such file.
func (c *Cache) read(name string, into any) error {
	path := filepath.Join(c.dir, name)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the agent's cache: %w", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s is damaged, and what it said is asked for again: %w", path, err)
	}
	return nil
}

func (c *Cache) write(name string, value any) error {
	path := filepath.Join(c.dir, name)
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", path, err)
	}
	if c.written[name] == string(data) {
		return nil
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o600, renameio.IgnoreUmask()); err != nil {
		return fmt.Errorf("writing the agent's cache: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("writing the agent's cache: %w", err)
	}
	defer func() { _ = folder.Close() }()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("writing %s to disk: %w", path, err)
	}
	c.written[name] = string(data)
	return nil
}

// now is the node's clock as the API writes times.
func now() metav1.Time { return apiTime(time.Now()) }

func apiTime(t time.Time) metav1.Time { return metav1.NewTime(t.UTC().Truncate(time.Second)) }
