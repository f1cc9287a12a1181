package rpm

import (
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
)

// keyName is what rpm calls the public keys that it keeps among the packages.
const keyName = "gpg-pubkey"

// Key is a public key in rpm's database. Its version is the end of the key's fingerprint
// in small letters: 8 digits, and all of them since rpm 6. Its release is the time when
// the key was made, in 8 hexadecimal digits. (rpm's issue 3360 tells of both; 4.18 was
// seen to do so.)
type Key struct{ Version, Release string }

// ParseKeys picks the keys out of what rpm -qa prints with QueryFormat.
func ParseKeys(text string) []Key {
	var keys []Key
	for line := range strings.Lines(text) {
		fields := strings.Split(line, "\t")
		if len(fields) == 6 && fields[0] == keyName {
			keys = append(keys, Key{Version: fields[2], Release: fields[3]})
		}
	}
	return keys
}

// Is tells whether a key is the one in the database, as far as its name there tells.
func (k Key) Is(key repository.PublicKey) bool {
	return len(k.Version) >= 8 && strings.HasSuffix(strings.ToLower(key.Fingerprint), k.Version) && k.Release == fmt.Sprintf("%08x", key.Created)
}

// String is the name by which rpm erases it.
func (k Key) String() string { return keyName + "-" + k.Version + "-" + k.Release }
