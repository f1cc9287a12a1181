// Package unitfiles knows systemd's unit files and the links that switch units
// on and off, on any file system: what systemctl --root does, without systemd.
// The host uses it where systemd does not run (an image folder), and the fake
// host uses it everywhere.
//
// It follows systemd.unit(5) in what it serves: [Install] with WantedBy,
// RequiredBy, UpheldBy, Alias, Also and DefaultInstance, templates, and masks.
// It does not read [Install] from drop-ins, presets or generators.
package unitfiles
