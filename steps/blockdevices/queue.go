package blockdevices

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Settings are the attributes of a queue. Empty ones are left as they are.
type Settings struct {
	Scheduler   string `json:"scheduler,omitempty"`
	Requests    string `json:"requests,omitempty"`
	ReadAheadKB string `json:"readAheadKB,omitempty"`
}

// attribute is a file of a queue with its value.
type attribute struct{ name, value string }

// inOrder lists the attributes in the order in which they are written.
func (s Settings) inOrder() []attribute {
	var list []attribute
	for _, a := range []attribute{{"scheduler", s.Scheduler}, {"nr_requests", s.Requests}, {"read_ahead_kb", s.ReadAheadKB}} {
		if a.value != "" {
			list = append(list, a)
		}
	}
	return list
}

func (s Settings) String() string {
	var parts []string
	for _, a := range s.inOrder() {
		parts = append(parts, a.name+"="+a.value)
	}
	return strings.Join(parts, " ")
}

// Queue sets the queue of one disk.
type Queue struct {
	Device string   `json:"device"`
	From   Settings `json:"from"`
	To     Settings `json:"to"`
}

// Kinds are the ops of this package by their names in journals.
func Kinds() map[string]steps.Op { return map[string]steps.Op{"block-queue": Queue{}} }

// Key is "block-queue:" and the disk.
func (o Queue) Key() string { return "block-queue:" + o.Device }

// Impact is None: requests wait for a moment and go on.
func (o Queue) Impact() steps.Impact { return steps.None }

// Diff shows the attributes that change.
func (o Queue) Diff() steps.Diff {
	return steps.Diff{Action: "set", From: o.From.String(), To: o.To.String()}
}

// Inverse sets what the op sets to the values of now. Where it changes the
// scheduler, that is the queue's length as well. A disk that is gone needs nothing.
func (o Queue) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	now, err := read(v, o.Device)
	if errors.Is(err, fs.ErrNotExist) {
		return Queue{Device: o.Device}, nil
	}
	if err != nil {
		return nil, err
	}
	back := now.only(o.To)
	if o.To.Scheduler != "" && now.schedules() {
		back.Requests = now.Requests
	}
	return Queue{Device: o.Device, From: o.To, To: back}, nil
}

// Do writes the attributes. A disk that was taken out meanwhile is no failure.
func (o Queue) Do(_ context.Context, h host.Host) error {
	for _, a := range o.To.inOrder() {
		err := h.SetAttribute(queueFile(o.Device, a.name), a.value)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func queueFile(device, name string) string { return path.Join("/sys/block", device, "queue", name) }

// queue is what a disk has.
type queue struct {
	Settings
	// offered are its schedulers; nil for a device that passes requests on without
	// a queue of its own, as device mapper and md do.
	offered []string
}

// read looks at a disk's queue. Newer kernels do not show scheduler and length where
// there is no queue; read-ahead is everywhere.
func read(v host.Files, device string) (queue, error) {
	var q queue
	for name, value := range map[string]*string{"scheduler": &q.Scheduler, "nr_requests": &q.Requests, "read_ahead_kb": &q.ReadAheadKB} {
		content, err := v.ReadFile(queueFile(device, name))
		if errors.Is(err, fs.ErrNotExist) && name != "read_ahead_kb" {
			continue
		}
		if err != nil {
			return queue{}, err
		}
		*value = host.AttributeValue(content)
		if name == "scheduler" {
			q.offered = host.AttributeChoices(content)
		}
	}
	return q, nil
}

// schedules tells whether scheduler and length can be set: without a queue the
// kernel refuses both (elv_iosched_store, queue_requests_store).
func (q queue) schedules() bool { return q.offered != nil }

// only returns the attributes that another has.
func (q queue) only(others Settings) Settings {
	s := q.Settings
	if others.Scheduler == "" {
		s.Scheduler = ""
	}
	if others.Requests == "" {
		s.Requests = ""
	}
	if others.ReadAheadKB == "" {
		s.ReadAheadKB = ""
	}
	return s
}
