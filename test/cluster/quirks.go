package cluster

// ContainerdQuirks are settings of containerd's CRI plugin that a node of the test bed needs, and no other machine should have.
// They are for the NodeGroup's spec.cri.containerd.config, below the plugin's section ("io.containerd.grpc.v1.cri" in
// configuration version 2, "io.containerd.cri.v1.runtime" in version 3): nothing in a container may lower its oom_score_adj
// below its own, and containerd wants to do that for every pod.
var ContainerdQuirks = map[string]any{"restrict_oom_score_adj": true}
