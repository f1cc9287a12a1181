//go:build cluster

package docker

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// What all tests share.
var (
	shared *cluster.Run
	image  cluster.ImageArchive
)

func TestMain(m *testing.M) {
	config := cluster.Config{Progress: os.Stderr}
	os.Exit(cluster.Tests(m, config, func(ctx context.Context, run *cluster.Run) error {
		shared = run
		assets, err := cluster.Open(config)
		if err != nil {
			return err
		}
		images, err := assets.Images(ctx)
		for _, archive := range images {
			if archive.Name == cluster.WebImage {
				image = archive
			}
		}
		return err
	}))
}

// nodeTests are the packages in the order in which they run on a node: the second
// and the third want the containerd that came with Docker.
var nodeTests = []string{"cri/docker", "cri/ocispec", "cri/containerd"}

// TestRuntimes runs them on the releases with Docker 20.10 and 26.1, and containerd
// 1.6 and 1.7.
func TestRuntimes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"test", "-c", "-tags", "node", "-o", dir + "/"}
	for _, pkg := range nodeTests {
		args = append(args, "github.com/hostler-dev/hostler/"+pkg)
	}
	build := exec.CommandContext(t.Context(), "go", args...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the tests of packages: %v\n%s", err, out)
	}
	for _, suite := range []string{"bookworm", "trixie"} {
		t.Run("on "+suite, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			node, err := shared.Node(ctx, cluster.NodeConfig{Name: "docker-" + suite, Suite: suite})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := node.PowerCut(context.Background()); err != nil {
					t.Error(err)
				}
			})
			if err := errors.Join(bed.Mirror(ctx, shared, node), node.CopyIn(ctx, image.Path, "/root/image.tar")); err != nil {
				t.Fatal(err)
			}
			for _, pkg := range nodeTests {
				runOn(t, node, filepath.Join(dir, path.Base(pkg)+".test"))
			}
		})
	}
}

// runOn runs a test binary on the node; one that runs no test is an error too.
func runOn(t *testing.T, node *cluster.Node, binary string) {
	t.Helper()
	name := "/root/" + filepath.Base(binary)
	if err := node.CopyIn(t.Context(), binary, name); err != nil {
		t.Fatal(err)
	}
	out, err := node.Output(t.Context(), "env", "IMAGE_ARCHIVE=/root/image.tar", "IMAGE="+image.Name, name, "-test.v", "-test.run", "^TestReal")
	if err != nil {
		journal, _ := node.Shell(context.WithoutCancel(t.Context()), "journalctl --boot --unit=docker --lines=30 --no-pager --output=cat")
		t.Fatalf("%s: %v\n%s\n%s", filepath.Base(binary), err, out, journal)
	}
	if !strings.Contains(out, "--- PASS: TestReal") {
		t.Errorf("%s: no test passed:\n%s", filepath.Base(binary), out)
	}
}
