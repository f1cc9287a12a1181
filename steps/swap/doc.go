// Package swap is the step that switches swap off, or has one swap of a wanted size
// and no other: now, and at each boot.
//
// At boot there are four ways to swap, and three end in swap.target, which
// wants or requires the units that generators make: systemd-fstab-generator for
// lines of /etc/fstab, systemd-gpt-auto-generator for swap partitions that it
// finds by their type, zram-generator for compressed memory. So the step masks
// swap.target; sysinit.target only wants it, and a boot goes on without. The
// fourth way are units that somebody wrote or packaged, and services that call
// swapon; those are masked or disabled by name.
//
// /etc/fstab is edited as well, because "swapon -a" and people read it. That
// alone would be a trap: the gpt generator leaves swap partitions alone only
// as long as fstab names any swap, so commenting the lines out brings the
// same partitions back at the next boot.
//
// Others switch the generators off: Deckhouse links systemd-gpt-auto-generator
// to /dev/null, and a link in the place of zram-generator.conf does the same for
// zram. It works, and takes more than swap away. The gpt generator also mounts
// /efi or /boot, /home, /srv, /var and the root by their partition types, and a
// machine that relies on that would lose them at the next boot; zram-generator
// also makes file systems. Masking only the units that a generator made is too
// little: their names are those of devices, which change with the next disk.
//
// Nothing of others is deleted: swap partitions, files and fstab lines stay, and to
// swap again one sets swap to Unmanaged, removes the mask (systemctl unmask
// swap.target) and the marks in fstab.
//
// The step's own swap, a file or a compressed device, hangs on units of its own that
// multi-user.target wants, so the mask keeps it from nothing. zram-generator is not
// asked for the device even where it is installed: what it makes hangs on
// swap.target. Both are made and switched on by ops that run at once, never by jobs of
// their units: jobs run at the end of a run and of its undo, when the file would
// be gone from under the kernel.
package swap
