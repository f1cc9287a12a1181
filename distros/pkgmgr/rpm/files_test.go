package rpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
)

func TestParseConfigs(t *testing.T) {
	t.Parallel()
	// As rpm 4.18 prints them.
	sum := strings.Repeat("8804", 16)
	text := "containerd.io\t1700000000\tcn\t" + sum + "\t/etc/containerd/config.toml\n" +
		"containerd.io\t1700000000\t\t" + sum + "\t/usr/bin/containerd\n" +
		"old\t1700000000\tc\td41d8cd98f00b204e9800998ecf8427e\t/etc/old.conf\n" +
		"old\t1700000000\tcg\t\t/etc/ghost.conf\n(none)\n"
	want := []Config{{Package: "containerd.io", Path: "/etc/containerd/config.toml", InstallTime: 1700000000, Digest: sum}}
	if diff := cmp.Diff(want, ParseConfigs(text)); diff != "" {
		t.Errorf("configuration files (-want +got):\n%s", diff)
	}
}

func TestKeysAreKnownByWhatRPMCallsThem(t *testing.T) {
	t.Parallel()
	keys := ParseKeys(answer)
	if diff := cmp.Diff([]Key{{Version: "9a296436", Release: "635d2c59"}}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if got, want := keys[0].String(), "gpg-pubkey-9a296436-635d2c59"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
	key := repository.PublicKey{Fingerprint: "187E15CB832CA0262E4B908F3281C7AF2BC63880", Created: 0x6b0269fe}
	for name, c := range map[string]struct {
		key  Key
		want bool
	}{
		"of rpm 4":                         {Key{"2bc63880", "6b0269fe"}, true},
		"of rpm 6":                         {Key{"187e15cb832ca0262e4b908f3281c7af2bc63880", "6b0269fe"}, true},
		"another key with the same digits": {Key{"2bc63880", "6b0269ff"}, false},
		"another key":                      {Key{"fb1125b9", "6b0269fe"}, false},
		"too few digits":                   {Key{"c63880", "6b0269fe"}, false},
		"no key":                           {Key{}, false},
	} {
		if got := c.key.Is(key); got != c.want {
			t.Errorf("%s: got %t want %t", name, got, c.want)
		}
	}
}
