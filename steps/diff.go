package steps

// Diff is an op as people read it.
type Diff struct {
	// Action is one verb: create, update, remove, install, upgrade, hold, load,
	// enable, start, restart and so on.
	Action string `json:"action"`
	// From and To are the old and the new value of things that fit on a line:
	// a version, a sysctl, a mode. From is empty where there was nothing.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Text is a unified diff, for contents. It is empty for secrets.
	Text string `json:"diff,omitempty"`
	// Notes are what a person should know before agreeing, one sentence each.
	Notes []string `json:"notes,omitempty"`
	// Irreversible says why the op cannot be taken back; empty: it can.
	Irreversible string `json:"irreversible,omitempty"`
}
