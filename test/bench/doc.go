// Command bench is `make bench`: it measures what a converged machine costs.
//
// It boots one Debian machine, brings it to a NodeGroup with hostler, and lets
// hostler, a shell script, CFEngine, Puppet and Ansible each hold that same state.
// A tool is measured only after it found the machine converged and then named
// every one of the differences that were made by hand (drift.go): who holds
// less state is no peer.
//
// What is measured: whole processes, in turns, by a small program inside the
// machine (stopwatch); and the plan alone, inside a process, by the Go benchmark
// of this folder, which runs in the machine too. The result is a page,
// docs/benchmarks.md. Nothing here fails for being slow: times depend on the
// machine, and a test that depends on time is no test.
package main
