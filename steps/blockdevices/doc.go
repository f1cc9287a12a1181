// Package blockdevices is the step that sets the queues of disks: scheduler,
// read-ahead and length, now and whenever a disk appears.
//
// A rule of udev sets them at boot and for disks that are plugged in; udevd sees
// changed rules by itself. Disks that are there already are set directly. What has
// no hardware behind it (loop, ram, zram) and what can be taken out (floppies,
// optical disks) is never touched, whatever the pattern says.
//
// The order of the attributes matters: a new scheduler sets the length of the queue
// anew, by its own rules (blk_mq_init_sched in the kernel's block/blk-mq-sched.c),
// so one op sets a whole queue, the scheduler first.
package blockdevices
