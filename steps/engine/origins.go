package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// origin is the way back of a thing to how it was before hostler first touched it. Runs are forgotten after a
// while; origins are kept until the thing is as it was.
type origin struct {
	Key  string `json:"key"`
	Step string `json:"step"`
	// Undo is the inverse of the first op on the thing; nil: it had none, and Why says why.
	Undo json.RawMessage `json:"undo,omitempty"`
	Why  string          `json:"why,omitempty"`
	// Run and Seq name that op.
	Run int `json:"run"`
	Seq int `json:"seq"`
}

// origins is the ledger of them, in the order of first touch: a file of JSON lines like a journal, of which a torn last
// line never happened.
type origins struct {
	list []origin
	// torn: the file ends in half a line.
	torn bool
}

func (e *Engine) originsPath() string { return filepath.Join(e.StateDir, "origins") }

// readOrigins reads the ledger; none is an empty one.
func (e *Engine) readOrigins() (*origins, error) {
	name := e.originsPath()
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &origins{}, nil
	}
	if err != nil {
		return nil, host.Explain("reading the ledger of origins", name, err)
	}
	o := &origins{}
	for number := 1; ; number++ {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if !complete {
			o.torn = len(line) > 0
			return o, nil
		}
		var entry origin
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("%s:%d is damaged (%w): what this host was like before hostler cannot be trusted; look at the line, and remove it if it says nothing", name, number, err)
		}
		o.list = append(o.list, entry)
		data = rest
	}
}

// add puts an origin on disk, at the end where that can be: most runs that add one add many.
func (o *origins) add(e *Engine, entry origin) error {
	o.list = append(o.list, entry)
	if o.torn || len(o.list) == 1 {
		return o.write(e)
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encoding the origin of %s: %w", entry.Key, err)
	}
	return e.put(e.originsPath(), os.O_APPEND, append(line, '\n'))
}

// write puts the whole ledger on disk, and an empty one away. It is short: one line a thing.
func (o *origins) write(e *Engine) error {
	name := e.originsPath()
	if len(o.list) == 0 {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return host.Explain("removing the ledger of origins", name, err)
		}
		return syncDir(e.StateDir)
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	for _, entry := range o.list {
		if err := encoder.Encode(entry); err != nil {
			return fmt.Errorf("encoding the origin of %s: %w", entry.Key, err)
		}
	}
	next := name + ".next"
	if err := e.put(next, os.O_CREATE|os.O_TRUNC, data.Bytes()); err != nil {
		return err
	}
	if err := os.Rename(next, name); err != nil {
		return host.Explain("writing the ledger of origins", name, err)
	}
	return syncDir(e.StateDir)
}

// put writes to a file and returns when that is on disk.
func (e *Engine) put(name string, flag int, data []byte) error {
	file, err := e.openFile(name, os.O_WRONLY|flag)
	if err == nil {
		_, err = file.Write(data)
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil {
		return host.Explain("writing the ledger of origins", name, err)
	}
	return nil
}

// noteOrigin writes down how a thing was, the first time that an op touches it and before it does. What a rollback
// or a leave does is the way back itself.
func (e *Engine) noteOrigin(r *run, rec record, op steps.Op) error {
	if restarts(op) || len(r.begin.Reverts) > 0 || r.begin.Leaves {
		return nil
	}
	known, err := e.readOrigins()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known.list, func(entry origin) bool { return entry.Key == rec.Key }) {
		return nil
	}
	entry := origin{Key: rec.Key, Step: rec.Step, Undo: rec.Undo, Run: r.number, Seq: rec.Seq}
	if rec.Undo == nil {
		entry.Why = op.Diff().Irreversible
	}
	return known.add(e, entry)
}

// forgetOrigins drops what is as it was again: the things whose first op was taken back. An op that was taken back under later
// ones stays, since the way back of those leads to what it did.
func (e *Engine) forgetOrigins(takenBack func(origin) bool) error {
	known, err := e.readOrigins()
	if err != nil {
		return err
	}
	before := len(known.list)
	known.list = slices.DeleteFunc(known.list, takenBack)
	if len(known.list) == before {
		return nil
	}
	return known.write(e)
}

// forgetUndone is forgetOrigins for the ops of a run that were taken back in it.
func (e *Engine) forgetUndone(r *run) error {
	return e.forgetOrigins(func(entry origin) bool {
		op := r.op(entry.Seq)
		return entry.Run == r.number && op != nil && op.undone && !op.overlaid
	})
}
