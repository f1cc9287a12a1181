// Package rootfs has a sample tree of each distribution that hostler knows: a
// folder ID-VERSION with the release's own os-release and the files that steps
// meet on a fresh machine of it. New turns one into a host in memory, Write into
// a folder that --root takes.
//
// A tree is small on purpose: contents matter where a step reads them, and
// programs are empty files. What every Linux has is in the folder common. What
// neither a folder nor an embedded one can hold is in the tree's file HOST, a
// line each:
//
//	kernel RELEASE       the running kernel, with its folder of modules
//	link PATH TARGET     a symbolic link
//	enabled UNIT         the links of the unit's [Install] section
//	running UNIT         the unit is active
//	live PATH CONTENT    a file of the kernel's, which an image has not
//
// Where an os-release is not the vendor's own file, README in the tree says what
// it was made from.
package rootfs
