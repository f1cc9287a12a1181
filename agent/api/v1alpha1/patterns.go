package v1alpha1

import (
	"regexp"
)

// What the CRD has as patterns too is repeated in the markers of the types.
var (
	exactVersion = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)
	fileName     = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
	octalMode    = regexp.MustCompile(`^0?[0-7]{3,4}$`)
	fileOwner    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	dropInName   = regexp.MustCompile(`^[A-Za-z0-9_.@:-]+\.conf$`)
	rlimitType   = regexp.MustCompile(`^RLIMIT_[A-Z]+$`)
	runtimeName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	dockerSize   = regexp.MustCompile(`^[1-9][0-9]*[bkmg]?$`)
	noProxyEntry = regexp.MustCompile(`^[^\s,]+$`)
	timeOfDay    = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

	// packageName takes what dpkg and rpm allow; deb names are lower-case, rpm names are not.
	packageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9+._-]*$`)
	// packageVersion takes [epoch:]upstream[-revision] of both, with ~ and ^, and no wildcards.
	packageVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+:~^_-]*$`)
	distroName     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*(/[A-Za-z0-9._-]+)?$`)
	aptWord        = regexp.MustCompile(`^[^\s\[\]]+$`)
	imageReference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:_/@-]*$`)
	registryHost   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)

	accountName      = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	devicePattern    = regexp.MustCompile(`^[A-Za-z0-9*?\[\]_-]+$`)
	schedulerName    = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	kernelModule     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	unitName         = regexp.MustCompile(`^[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|mount|automount|swap|target|path|slice)$`)
	privateKey       = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----`)
	armouredKey      = regexp.MustCompile(`^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----`)
	positivePercent  = regexp.MustCompile(`^(100|[1-9][0-9]?)%$`)
	maxUnitNameBytes = 255 // UNIT_NAME_MAX in systemd
)
