package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// hostPackages are the Debian packages that this machine needs to build assets and boot nodes.
var hostPackages = []string{
	"apt-utils",       // apt-ftparchive
	"ca-certificates", // update-ca-certificates, for the tests of steps/trust
	"createrepo-c",
	"debian-archive-keyring",
	"debootstrap",
	"gnupg",
	"iproute2",
	"systemd-container", // systemd-nspawn
}

// InstallHostPackages installs what this machine lacks, and takes no time where nothing is lacking. No package among them
// starts a service.
func InstallHostPackages(ctx context.Context, w io.Writer) error {
	missing, err := missingHostPackages(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("installing %s needs root", strings.Join(missing, ", "))
	}
	newProgress(w).printf("installing on this machine: %s", strings.Join(missing, " "))
	for _, argv := range [][]string{
		{"apt-get", "-q", "update"},
		append([]string{"apt-get", "-q", "-y", "--no-install-recommends", "install"}, missing...),
	} {
		cmd := newCommand(ctx, argv...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if _, err := outputOf(ctx, cmd); err != nil {
			return fmt.Errorf("installing what the test cluster needs: %w", err)
		}
	}
	return nil
}

func missingHostPackages(ctx context.Context) ([]string, error) {
	if _, err := os.Stat("/usr/bin/dpkg-query"); err != nil {
		return nil, errors.New("the test cluster runs on Debian only: there is no dpkg-query here")
	}
	// dpkg-query fails when a package is unknown to it, which says nothing that its output does not.
	out, _ := output(ctx, append([]string{"dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n"}, hostPackages...)...)
	installed := make(map[string]bool)
	for line := range strings.Lines(out) {
		name, status, _ := strings.Cut(strings.TrimSpace(line), " ")
		installed[name] = status == "installed"
	}
	var missing []string
	for _, name := range hostPackages {
		if !installed[name] {
			missing = append(missing, name)
		}
	}
	return missing, nil
}
