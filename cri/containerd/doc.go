// Package containerd is the step that brings containerd to a host: its package,
// /etc/containerd/config.toml and its unit.
//
// The configuration file is merged, not owned: keys that hostler does not set
// stay as they are. What stays is keys; comments and order are lost when the file
// has to be rewritten, because TOML libraries keep neither, so the file as it was
// is in the originals below hostler's state folder. A file that says the right
// things already is never rewritten, whatever its order and comments.
//
// # Layouts
//
// The same setting has other names in each version of the file (its top-level
// key "version"), which are called layouts here:
//
//	layout  read by        CRI plugin tables
//	1       1.0 and later  cri; moved to layout 2, see fromVersion1
//	2       1.3 and later  io.containerd.grpc.v1.cri
//	3       2.0 and later  io.containerd.cri.v1.{runtime,images}, io.containerd.grpc.v1.cri for streaming
//	4       2.3 and later  as 3; [grpc], [ttrpc], [metrics] and [debug].address are plugins io.containerd.server.v1.*
//
// A file keeps its layout for as long as the containerd that is to be installed
// reads it. A new file gets layout 2 for containerd 1.x and 3 for all later ones:
// 3 has all that hostler sets and can be read by one release more than 4. Where nobody can
// tell the version (an image without package lists) it is 2, which all can read.
//
// # The overlay
//
// Spec.Config is laid over the file as it would be written there, with plugin
// tables by their real ids. Tables merge, everything else replaces, and null
// removes a key. A group whose hosts have several layouts names the tables of
// each, and a host takes those of its own layout:
//
//	config:
//	  debug: {level: warn}
//	  plugins:
//	    io.containerd.grpc.v1.cri: {restrict_oom_score_adj: true}       # containerd 1.x
//	    io.containerd.cri.v1.runtime: {restrict_oom_score_adj: true}    # containerd 2.x
//
// Tables for another layout alone are not dropped in silence: the plan warns.
// Keys that hostler sets itself (OwnedKeys) are refused. A key that is
// taken out of the overlay stays in the file, as any foreign key does: null
// removes it.
//
// # Registries, runtimes, base specification
//
// Mirrors are files below /etc/containerd/certs.d, which containerd reads at each
// pull: once config_path names the folder, they change without a restart. Each of
// ours has a mark at its top; those of others stay, unless they are for a registry of
// the NodeGroup. containerd refuses the older tables mirrors and configs.*.tls beside
// config_path, so the step does too. Resource limits are a whole OCI specification
// (package ocispec), which containerd reads when it starts.
//
// Source of names and versions: containerd's docs/cri/config.md,
// cmd/containerd/server/config and internal/cri/config at 1.6.38, 2.1.9 and 2.4.2.
package containerd
