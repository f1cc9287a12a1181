package pkgmgr

import "strings"

// rpmArchives is where hostler keeps packages of rpm for the way back: the managers'
// own caches have them in folders named after repositories, and forget them.
const rpmArchives = cacheDir + "/packages"

// rpmArchive is the usual name of a package's file, which has no epoch.
func rpmArchive(name, version, arch string) string {
	if _, rest, found := strings.Cut(version, ":"); found {
		version = rest
	}
	return rpmArchives + "/" + name + "-" + version + "." + arch + ".rpm"
}
