package units

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Spec is the wish.
type Spec struct {
	// Units are treated in this order. No name may come twice.
	Units []Unit
}

// Unit is what is wanted of one unit.
type Unit struct {
	// Name is the full name with its type, such as "chrony.service" or
	// "getty@tty1.service". A template ("getty@.service") can have drop-ins only.
	Name string
	// Enabled says whether the unit starts at boot; nil leaves it as it is. Units
	// without an [Install] section are both.
	Enabled *bool
	// State says whether the unit runs now. Started wants a unit that stays active: a
	// one-shot that does its work and goes would be started at every run.
	State State
	// Masked keeps the unit from being started by anything, and stops it if it runs:
	// systemd fails a timer that is masked while it runs, at the next daemon-reload.
	Masked bool
	// DropIns are written below /etc/systemd/system/NAME.d. A unit that runs is
	// restarted when one of them changes.
	DropIns []DropIn
}

// stops tells whether the unit must not run.
func (u Unit) stops() bool { return u.State == Stopped || u.Masked }

// DropIn is a piece of configuration beside the unit file.
type DropIn struct {
	// Name ends in ".conf". systemd reads drop-ins in the order of their names,
	// whatever folder they are in.
	Name    string
	Content []byte
}

// State is whether a unit runs.
type State string

// The states. The empty State leaves the unit as it is.
const (
	Started State = "started"
	Stopped State = "stopped"
)

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	seen := map[string]bool{}
	for _, u := range s.Units {
		for _, err := range u.problems() {
			errs = append(errs, fmt.Errorf("unit %q: %w", u.Name, err))
		}
		if seen[u.Name] {
			errs = append(errs, fmt.Errorf("unit %q comes twice: make one of the two", u.Name))
		}
		seen[u.Name] = true
	}
	return errors.Join(errs...)
}

// unitName follows unit names as systemd.unit(5) has them.
var unitName = regexp.MustCompile(`^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?\.(service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$`)

// maxName is how long the name of a unit may be, type included (systemd.unit(5)).
const maxName = 255

func (u Unit) problems() []error {
	var errs []error
	if !unitName.MatchString(u.Name) || len(u.Name) > maxName {
		errs = append(errs, errors.New("this is not the full name of a unit, such as chrony.service"))
	}
	if u.State != "" && u.State != Started && u.State != Stopped {
		errs = append(errs, fmt.Errorf("state %q is not one of %s, %s", u.State, Started, Stopped))
	}
	switch {
	case isTemplate(u.Name) && (u.Enabled != nil || u.State != "" || u.Masked):
		errs = append(errs, errors.New("a template can have drop-ins only; for the rest name an instance, with something after the @"))
	case u.Masked && (u.State == Started || u.Enabled != nil && *u.Enabled):
		errs = append(errs, errors.New("a masked unit can be neither started nor enabled: remove one of the wishes"))
	}
	seen := map[string]bool{}
	for _, d := range u.DropIns {
		if !strings.HasSuffix(d.Name, ".conf") || strings.HasPrefix(d.Name, ".") || strings.ContainsAny(d.Name, "/\x00") {
			errs = append(errs, fmt.Errorf("drop-in %q is not a file name that ends in .conf, so systemd would not read it", d.Name))
		}
		if seen[d.Name] {
			errs = append(errs, fmt.Errorf("drop-in %q comes twice", d.Name))
		}
		seen[d.Name] = true
	}
	return errs
}

// isTemplate tells a name with nothing between @ and the type.
func isTemplate(name string) bool { return strings.Contains(name, "@.") }

// needsUnit tells whether the wish means anything only for a unit that exists.
// What is not there is stopped, and neither enabled nor in need of a mask.
func (u Unit) needsUnit() bool {
	return u.State == Started || len(u.DropIns) > 0 || u.Enabled != nil && *u.Enabled
}
