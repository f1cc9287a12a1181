package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// A journal is a file of JSON lines, one record each, that only grows. A record
// counts once its newline is on disk; a torn last line never happened.

// reserve is the disk space set aside when a run begins, in bytes, so that a
// disk that fills up in the run cannot keep the engine from writing down the way back.
const reserve = 1 << 20

// recordType tells the lines of a journal apart. The names are on disk: they stay.
type recordType string

const (
	recordBegin  recordType = "begin"  // the run starts
	recordResume recordType = "resume" // another process goes on with it
	recordRevise recordType = "revise" // from here on it is for another revision
	recordAsk    recordType = "ask"    // a deferred op is owed
	recordDo     recordType = "do"     // an op is about to start
	recordDone   recordType = "done"   // it ended well
	recordFailed recordType = "failed" // it ended badly
	recordUndo   recordType = "undo"   // from here on the run goes back
	recordUndone recordType = "undone" // an op was taken back
	recordGiveUp recordType = "giveup" // an optional step failed: from here on the run is without it
	recordEnd    recordType = "end"    // the run is over
)

// record is one line of a journal. Which fields are set depends on the type.
type record struct {
	Type recordType `json:"type"`
	Time time.Time  `json:"time"`

	// begin and revise
	Revision string       `json:"revision,omitempty"`
	PlanHash string       `json:"plan,omitempty"`
	Impact   steps.Impact `json:"impact,omitempty"`
	Reverts  []int        `json:"reverts,omitempty"`
	Leaves   bool         `json:"leaves,omitempty"`
	Baseline baseline     `json:"baseline,omitzero"`
	Version  string       `json:"version,omitempty"`
	// begin and resume
	BootID string `json:"bootID,omitempty"`

	// ask, do, giveup; of several asks with one key the last one holds
	Step string          `json:"step,omitempty"`
	Key  string          `json:"key,omitempty"`
	Op   json.RawMessage `json:"op,omitempty"`
	Undo json.RawMessage `json:"undo,omitempty"`
	// ask: who asks and for what, where that is not step and op, which are the
	// first asker and what serves all
	By  string          `json:"by,omitempty"`
	Own json.RawMessage `json:"own,omitempty"`
	// do of a deferred op: all who asked for it, where there are several
	Askers []string `json:"askers,omitempty"`
	// do, done, failed, undone: the op's number in the run, from 1
	Seq int `json:"seq,omitempty"`

	// failed, giveup, undo, end
	Error string `json:"error,omitempty"`
	// end
	Outcome Outcome `json:"outcome,omitempty"`
}

// journalFile is the file under a journal; tests put one on a full disk.
type journalFile interface {
	io.Writer
	// Reserve sets disk space aside and leaves the file's length alone.
	Reserve(bytes int64) error
	Sync() error
	Truncate(size int64) error
	Close() error
}

type diskFile struct{ *os.File }

func openDiskFile(name string, flag int) (journalFile, error) {
	file, err := os.OpenFile(name, flag, 0o600)
	return diskFile{file}, err
}

func (f diskFile) Reserve(bytes int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, bytes)
}

// journal appends records to a file.
type journal struct {
	file journalFile
	// size is the length of the complete records; torn: the file is longer.
	size int64
	torn bool
}

// createJournal makes a run's journal and reserves space for it.
func (e *Engine) createJournal(dir string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, host.Explain("making the run's directory", dir, err)
	}
	name := filepath.Join(dir, "journal")
	file, err := e.openFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND)
	if err != nil {
		return nil, host.Explain("making the journal", name, err)
	}
	err = file.Reserve(reserve)
	// Not every file system can reserve; a run without the reserve is still safe, only
	// its undo may have to be repeated.
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) {
		_ = file.Close()
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("reserving %d KiB for the journal %q: %w; nothing was changed, make room and try again", reserve>>10, name, err)
	}
	if err := syncDir(e.StateDir, filepath.Dir(dir), dir); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &journal{file: file}, nil
}

// openJournal opens a journal for going on, after cutting off a torn last line.
func (e *Engine) openJournal(dir string, whole int64) (*journal, error) {
	name := filepath.Join(dir, "journal")
	file, err := e.openFile(name, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, host.Explain("opening the journal", name, err)
	}
	j := &journal{file: file, size: whole, torn: true}
	if err := j.mend(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	// Cutting gave the reserve back. Without one the run can still be gone on
	// with, and a disk that is full now is no reason to leave it half done.
	_ = file.Reserve(reserve)
	return j, nil
}

// mend cuts off half a record, which would damage the journal for the records
// that come after it.
func (j *journal) mend() error {
	if !j.torn {
		return nil
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fmt.Errorf("cutting the torn end off the journal: %w", err)
	}
	j.torn = false
	return nil
}

// append writes a record and returns when it is on disk.
func (j *journal) append(r record) error {
	r.Time = time.Now().UTC()
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a journal record: %w", err)
	}
	if err := j.mend(); err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := j.file.Write(line); err != nil {
		j.torn = true
		return errors.Join(fmt.Errorf("writing the journal: %w", err), j.mend())
	}
	// A record whose way to the disk failed is taken back like half a record:
	// the caller goes on as if it were not there.
	if err := j.file.Sync(); err != nil {
		j.torn = true
		return errors.Join(fmt.Errorf("writing the journal to disk: %w", err), j.mend())
	}
	j.size += int64(len(line))
	return nil
}

// close gives the unused reserve back.
func (j *journal) close() {
	_ = j.file.Truncate(j.size)
	_ = j.file.Close()
}

// readJournal reads a run's records. whole is the length of the file up to the
// last complete record.
func readJournal(dir string) (records []record, whole int64, err error) {
	name := filepath.Join(dir, "journal")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the journal: %w", err)
	}
	for number := 1; ; number++ {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if !complete {
			return records, whole, nil
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, 0, fmt.Errorf("%s:%d is damaged (%w): the way back of this run cannot be trusted; look at the host, then move %s away",
				name, number, err, dir)
		}
		records = append(records, r)
		whole += int64(len(line)) + 1
		data = rest
	}
}

// syncDir puts the entries of directories on disk.
func syncDir(dirs ...string) error {
	for _, name := range dirs {
		dir, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("opening %q: %w", name, err)
		}
		err = dir.Sync()
		_ = dir.Close()
		if err != nil {
			return fmt.Errorf("writing %q to disk: %w", name, err)
		}
	}
	return nil
}
