// Package node is the daemon on a node: it learns what is wanted, plans, reports, waits for leave, applies, proves health
// and keeps the host so.
//
//	Source ──News──▶ loop ─▶ turn: look ─▶ Next ─▶ do ─▶ report ──Status──▶ Source
//
// All that is decided is decided in Next, a pure function of what the look saw. The rest is a loop that takes a turn when
// there is news, when a turn asks for another one, and when it is time to verify that the host is still as it was made. One turn
// runs at a time, beside the loop, so that news is heard and the watchdog is fed while a run goes on.
//
// A Source is where wishes come from and where reports go: the API server (package cluster) or a file (package standalone). The agent
// cannot tell them apart. What it must not forget is on disk (Cache), so that it works on while the source is away: it
// finishes or undoes the run in hand and repairs drift that costs workloads nothing. It starts nothing new then, because an approval
// may have been taken back meanwhile.
package node
