package blockdevices

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Spec is the wish.
type Spec struct {
	// Queues are asked in this order; the first that matches a disk counts.
	Queues []QueueWish
}

// QueueWish is what the queues of some disks are set to. What is not set is left
// as it is.
type QueueWish struct {
	// Match is a shell pattern of kernel names: "sd*", "nvme*n*".
	Match string
	// Scheduler, such as "none" or "mq-deadline". A disk that does not offer it
	// keeps its own, with a warning.
	Scheduler string
	// ReadAheadKB is in KiB.
	ReadAheadKB *int
	// Requests is the length of the queue.
	Requests *int
}

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	for _, w := range s.Queues {
		for _, problem := range w.problems() {
			errs = append(errs, fmt.Errorf("block devices %q: %s", w.Match, problem))
		}
	}
	return errors.Join(errs...)
}

// problems keeps out what would mean something else in a rule of udev.
func (w QueueWish) problems() []string {
	var problems []string
	if _, err := path.Match(w.Match, ""); err != nil || w.Match == "" || strings.ContainsAny(w.Match, "\"\\|,=/ \t\n!") {
		problems = append(problems, `the pattern is not one of names with *, ? and [...]`)
	}
	if strings.ContainsFunc(w.Scheduler, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
		problems = append(problems, fmt.Sprintf("scheduler %q is not a word of small letters, digits and dashes", w.Scheduler))
	}
	if w.ReadAheadKB != nil && *w.ReadAheadKB < 0 {
		problems = append(problems, "the read-ahead is below 0")
	}
	if w.Requests != nil && *w.Requests < 1 {
		problems = append(problems, "the queue is shorter than 1")
	}
	return problems
}

// settings are the attributes that the wish has, as text.
func (w QueueWish) settings() Settings {
	s := Settings{Scheduler: w.Scheduler}
	if w.ReadAheadKB != nil {
		s.ReadAheadKB = strconv.Itoa(*w.ReadAheadKB)
	}
	if w.Requests != nil {
		s.Requests = strconv.Itoa(*w.Requests)
	}
	return s
}

// untouched are the kernel names, as a pattern of udev and so of ours.
var untouched = []string{"loop*", "ram*", "zram*", "fd*", "sr*"}

// find returns the wish for a disk.
func (s Spec) find(device string) (QueueWish, bool) {
	for _, pattern := range untouched {
		if matches(pattern, device) {
			return QueueWish{}, false
		}
	}
	for _, w := range s.Queues {
		if matches(w.Match, device) {
			return w, true
		}
	}
	return QueueWish{}, false
}

func matches(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return err == nil && matched
}
