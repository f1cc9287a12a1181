package fleet

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is hostler as it is released, for this machine.
type program struct {
	deb    string // package for nodes
	binary string // with the coordinator
}

// buildProgram makes hostler's package from the checkout, and the coordinator's binary beside it.
func buildProgram(ctx context.Context, checkout, dir string) (program, error) {
	if _, err := command(ctx, checkout, "make", "--no-print-directory", "deb", "DIST="+dir); err != nil {
		return program{}, err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(debs) != 1 {
		return program{}, errors.Join(fmt.Errorf("got packages %q, want one", debs), err)
	}
	p := program{deb: debs[0], binary: filepath.Join(dir, "hostler")}
	_, err = command(ctx, checkout, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.binary, "./cmd/hostler")
	return p, err
}

// command runs a command in a folder and returns all that it prints.
func command(ctx context.Context, dir string, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out), nil
}
