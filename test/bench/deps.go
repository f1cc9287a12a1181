package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hostler-dev/hostler/test/cluster"
)

// suite is the Debian of the machine that is measured, and of the peers' packages.
const suite = "bookworm"

// peersOfDebian are the peers' packages. python3-apt is what Ansible's module for
// packages works with.
var peersOfDebian = []string{"ansible-core", "cfengine3", "puppet-agent", "python3-apt"}

// peerPackages returns a folder with the peers' packages and all that they need
// on a bare machine. They are downloaded once.
func peerPackages(ctx context.Context, assets *cluster.Assets) (string, error) {
	rootfs, err := assets.Rootfs(ctx, suite)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache: %w", err)
	}
	sum := sha256.Sum256([]byte(strings.Join(append(peersOfDebian, rootfs), "\n")))
	dir := filepath.Join(cache, "hostler", "bench-peers-"+hex.EncodeToString(sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	fmt.Fprintf(os.Stderr, "downloading %s\n", strings.Join(peersOfDebian, ", "))
	temp, err := os.MkdirTemp(filepath.Dir(dir), ".building-bench-peers-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if err := download(ctx, rootfs, temp); err != nil {
		return "", err
	}
	finished := filepath.Join(temp, "debs")
	if err := os.Rename(finished, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // and not by another run meanwhile
			return "", err
		}
	}
	return dir, nil
}

// download fills debs in temp. apt is this machine's, with its sources, but
// believes that the packages of the bare machine are installed, and keeps its
// files in temp.
func download(ctx context.Context, rootfs, temp string) error {
	debs := filepath.Join(temp, "debs")
	if err := os.MkdirAll(filepath.Join(debs, "partial"), 0o755); err != nil {
		return err
	}
	install := []string{
		"apt-get", "-q", "-y", "--no-install-recommends", "--download-only",
		"-o", "Dir::State::status=" + filepath.Join(rootfs, "var/lib/dpkg/status"),
		"-o", "Dir::Cache=" + temp, "-o", "Dir::Cache::archives=" + debs + "/",
		"-o", "APT::Default-Release=/^" + suite + "(-security|-updates)?$/", "-o", "APT::Sandbox::User=root", "install",
	}
	for _, argv := range [][]string{{"apt-get", "-q", "update"}, append(install, peersOfDebian...)} {
		out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("downloading the peers' packages (this machine's apt must have Debian %s): %s: %w\n%s",
				suite, strings.Join(argv[:2], " "), err, out)
		}
	}
	return errors.Join(os.RemoveAll(filepath.Join(debs, "partial")), os.RemoveAll(filepath.Join(debs, "lock")))
}
