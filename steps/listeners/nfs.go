package listeners

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/masks"
)

// rpcUsers register with rpcbind or ask it, and fail without.
var rpcUsers = []string{
	"rpc-statd.service",                // locks of NFS 2 and 3, on clients and servers
	"nfs-server.service",               // serves NFS 3 as well, unless told otherwise
	"ypbind.service", "ypserv.service", // NIS
}

// neededByNFS looks for users of rpcbind: services, and file systems of the old
// versions. mount(8) calls versions 2 and 3 "nfs" and the kernel shows 4 as "nfs4";
// a line of fstab of type nfs leaves it to the server, unless it has vers=4.
func neededByNFS(ctx context.Context, v host.View) (string, error) {
	for _, name := range rpcUsers {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return "", err
		}
		if unit.Active() || masks.Exists(unit) && unit.UnitFileState == "enabled" {
			return name + " is in use", nil
		}
	}
	tables := []string{"/etc/fstab"}
	if v.Live() {
		tables = append(tables, "/proc/1/mounts") // of the host, whatever namespace hostler is in
	}
	for _, table := range tables {
		content, err := v.ReadFile(table)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if at := oldNFS(string(content)); at != "" {
			return fmt.Sprintf("%s has NFS 3 or older on %s", table, at), nil
		}
	}
	return "", nil
}

// oldNFS returns where the first file system is that may be of NFS 2 or 3.
func oldNFS(table string) string {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || strings.HasPrefix(fields[0], "#") || fields[2] != "nfs" {
			continue
		}
		if !slices.ContainsFunc(strings.Split(fields[3], ","), isVersion4) {
			return fields[1]
		}
	}
	return ""
}

func isVersion4(option string) bool {
	name, value, _ := strings.Cut(option, "=")
	return (name == "vers" || name == "nfsvers") && strings.HasPrefix(value, "4")
}
