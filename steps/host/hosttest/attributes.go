package hosttest

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

// Attribute adds a file below /sys, with its contents as the kernel prints them but
// for the newline. One that lists choices, "always [madvise] never", takes only
// those; a number takes numbers; others take any text.
func Attribute(p, content string) Option { return File(p, content+"\n") }

// OnAttribute installs what the kernel does beside when an attribute is written: a
// reset that changes others. It runs only where the write is accepted.
func OnAttribute(p string, effect func(f *Fake)) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.effects[p] = effect
	}
}

// SetAttribute implements host.KernelWriter.
func (f *Fake) SetAttribute(p, value string) error {
	return f.call("SetAttribute", p, func() error {
		if err := f.setAttribute(p, value); err != nil {
			return err
		}
		f.mu.Lock()
		effect := f.effects[p]
		f.mu.Unlock()
		if effect != nil {
			effect(f)
		}
		return nil
	})
}

func (f *Fake) setAttribute(p, value string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick()
	if err := host.CheckAttributePath("writing", p); err != nil {
		return err
	}
	if err := f.live("writing attribute " + strconv.Quote(p)); err != nil {
		return err
	}
	n, err := f.read("writing attribute", p, true)
	switch {
	case err != nil:
		return err
	case !n.mode.IsRegular():
		return fmt.Errorf("writing attribute %q: %w", p, host.ErrNotRegular)
	case n.mode&0o222 == 0:
		return fmt.Errorf("writing attribute %q: %w", p, fs.ErrPermission)
	}
	content, err := acceptAttribute(n.content, value)
	if err != nil {
		return fmt.Errorf("writing %q to attribute %q: the kernel refuses the value: %w", value, p, err)
	}
	if n.mode&0o444 != 0 { // one that can only be written is a command and holds nothing
		n.content = []byte(content + "\n")
	}
	return nil
}

// acceptAttribute returns what the attribute reads after the value was written to it.
func acceptAttribute(content []byte, value string) (string, error) {
	value = strings.TrimSpace(value)
	choices := host.AttributeChoices(content)
	if chosen := slices.Index(choices, value); chosen >= 0 {
		choices[chosen] = "[" + value + "]"
		return strings.Join(choices, " "), nil
	}
	_, isNumber := strconv.Atoi(host.AttributeValue(content))
	if _, err := strconv.Atoi(value); choices != nil || isNumber == nil && err != nil {
		return "", syscall.EINVAL
	}
	return value, nil
}
