package hosttest

import (
	"fmt"
	"slices"
)

// Call is a call of a method that changes the host.
type Call struct {
	// Method is its name in host.Host: "WriteFile".
	Method string
	// Subject is what it changes: a path, a sysctl key, a module, a device, a unit,
	// or the command line, joined with blanks.
	Subject string
}

// Fault makes calls that change the host fail.
type Fault struct {
	// Method and Subject choose calls; empty chooses all.
	Method  string
	Subject string
	// Nth chooses only the nth of these calls, counted from 1; 0 chooses all.
	Nth int
	// After lets the call have its effect first: a crash just after it.
	After bool
	// Err is wrapped by what the call returns: syscall.ENOSPC, syscall.EROFS …
	Err error

	seen int
}

// Inject makes the host fail from now on.
func (f *Fake) Inject(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault.seen = 0
	f.faults = append(f.faults, &fault)
}

// Heal takes all injected faults away.
func (f *Fake) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Calls lists the calls that would have changed the host so far, failed ones
// included, oldest first. A plan makes none.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// change records a call and makes it under the lock, unless a fault forbids it.
func (f *Fake) change(method, subject string, do func() error) error {
	return f.call(method, subject, func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tick()
		return do()
	})
}

// call is change for what takes the lock itself.
func (f *Fake) call(method, subject string, do func() error) error {
	due := f.record(Call{method, subject})
	if due != nil && !due.After {
		return due.err(method, subject)
	}
	if err := do(); err != nil {
		return err
	}
	if due != nil {
		return due.err(method, subject)
	}
	return nil
}

func (f *Fault) err(method, subject string) error {
	return fmt.Errorf("%s of %q: %w", method, subject, f.Err)
}

// record notes a call and returns the fault that it meets, if any.
func (f *Fake) record(call Call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	var due *Fault
	for _, fault := range f.faults {
		if fault.Method != "" && fault.Method != call.Method || fault.Subject != "" && fault.Subject != call.Subject {
			continue
		}
		fault.seen++
		if due == nil && (fault.Nth == 0 || fault.Nth == fault.seen) {
			due = fault
		}
	}
	return due
}
