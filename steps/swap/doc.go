// Package swap is the step that switches swap off: now, and at each boot.
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
// Nothing here deletes: swap partitions, files and fstab lines stay, and to
// swap again one sets swap to Unmanaged, removes the mask (systemctl unmask
// swap.target) and the marks in fstab.
package swap
