package host

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ClockSynchronised implements Kernel. The kernel sets STA_UNSYNC when nobody has
// disciplined the clock for long (adjtimex(2)); timedatectl shows the same as "System
// clock synchronized". Every daemon clears it, and no rights are needed to ask.
func (h *OS) ClockSynchronised() (bool, error) {
	if err := h.live("asking for the state of the clock"); err != nil {
		return false, err
	}
	var state unix.Timex
	if _, err := unix.Adjtimex(&state); err != nil {
		return false, fmt.Errorf("asking for the state of the clock: %w", err)
	}
	return state.Status&unix.STA_UNSYNC == 0, nil
}
