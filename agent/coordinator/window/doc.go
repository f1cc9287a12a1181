// Package window says when something may happen: inside windows that come every week, and outside of exclusions. It is
// arithmetic on times and knows nothing of nodes.
//
// A window's days are days of its time zone. One whose end is before its start lasts overnight and belongs to the day on
// which it starts. It opens at its first moment and is closed again at its last: 22:00 to 06:00 is open at 05:59:59 and
// not at 06:00:00.
//
// Both ends are readings of a clock on the wall, so a window from 01:00 to 05:00 lasts three hours in the night in which
// clocks go forward and five in the night in which they go back. Where the clock jumps, each end is the first
// moment at which that clock shows the time or a later one:
//
//	clocks go forward over 02:30     02:30 is the moment of the jump, when the clock shows 03:00
//	clocks go back, 02:30 is twice   02:30 is the first of the two
//	a whole day does not exist       its times are the moment at which the next day begins
//
// A window that would vanish because the clock jumps over both ends opens at the jump, for as long as it lasts on
// other days. So no window is ever lost.
package window
