package steps

import "fmt"

// Impact is what an op costs the workloads of the node. Impacts are ordered:
// a plan's impact is the highest of its ops'.
type Impact int

// The impacts, from free to dear.
const (
	// None leaves every running process alone.
	None Impact = iota
	// Reload makes a service read its configuration again; nothing stops.
	Reload
	// Restart stops and starts a service of the host; containers keep running.
	Restart
	// Drain ends pods, so they must have gone elsewhere before.
	Drain
	// Reboot ends everything on the node.
	Reboot
)

var impactNames = [...]string{None: "None", Reload: "Reload", Restart: "Restart", Drain: "Drain", Reboot: "Reboot"}

// String returns the impact's name as it is written in plans and files.
func (i Impact) String() string {
	if i < None || i > Reboot {
		return fmt.Sprintf("Impact(%d)", int(i))
	}
	return impactNames[i]
}

// ParseImpact reads a name that String wrote; it is case-sensitive, as enums of
// the Kubernetes API are.
func ParseImpact(s string) (Impact, error) {
	for i, name := range impactNames {
		if name == s {
			return Impact(i), nil
		}
	}
	return None, fmt.Errorf("impact %q is not one of None, Reload, Restart, Drain, Reboot", s)
}

// MarshalText writes the name, so that an impact in JSON is readable.
func (i Impact) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (i *Impact) UnmarshalText(text []byte) error {
	parsed, err := ParseImpact(string(text))
	if err != nil {
		return err
	}
	*i = parsed
	return nil
}
