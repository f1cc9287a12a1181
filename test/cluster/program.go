package cluster

import (
	"context"
	"path/filepath"
)

// Program starts a program on this machine beside the run, such as a controller that talks to its API server. Its log is in
// the logs folder of [Run.Dir] under its name, and it ends with the run at the latest. Names are unique in a run.
func (r *Run) Program(ctx context.Context, name string, argv ...string) (*Process, error) {
	_, done, err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	group, err := r.cgroup.child(name)
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, Log: filepath.Join(r.dir, "logs", name+".log"), argv: group.wrap(argv...)}
	return p, p.start()
}
