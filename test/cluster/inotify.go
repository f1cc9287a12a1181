package cluster

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	inotifyLimit = "/proc/sys/fs/inotify/max_user_instances"
	// inotifyInstances serves some forty nodes: systemd, udev, containerd and kubelet take about 25 each.
	inotifyInstances = 1024
)

// allowInotify raises the one limit of this machine that nodes share and run into: all of them are the same user to the kernel,
// whose default is 128, and a kubelet that gets none ends with "too many open files". A higher limit costs nothing until it
// is used, so it stays.
func allowInotify() error {
	text, err := os.ReadFile(inotifyLimit)
	if err != nil {
		return fmt.Errorf("looking at the inotify limit: %w", err)
	}
	now, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || now >= inotifyInstances {
		return err
	}
	if err := os.WriteFile(inotifyLimit, []byte(strconv.Itoa(inotifyInstances)), 0o644); err != nil {
		return fmt.Errorf("raising the inotify limit from %d, which the nodes share: %w", now, err)
	}
	return nil
}
