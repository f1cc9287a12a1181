package repository

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// two are what gpg 2.2 made and printed the fingerprints of: a key of Ed25519 and one of
// RSA, in one block. rpm 4.18 called them gpg-pubkey-2bc63880-6b0269fe and
// gpg-pubkey-fb1125b9-6b0269ff.
var two = []PublicKey{
	{Fingerprint: "187E15CB832CA0262E4B908F3281C7AF2BC63880", Created: 0x6b0269fe},
	{Fingerprint: "08875F958212452F7434000AE12BC3B3FB1125B9", Created: 0x6b0269ff},
}

func TestPublicKeys(t *testing.T) {
	t.Parallel()
	armoured, err := os.ReadFile("testdata/two.asc")
	if err != nil {
		t.Fatal(err)
	}
	got, err := PublicKeys(armoured)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(two, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	t.Run("reads lengths of every form", func(t *testing.T) {
		t.Parallel()
		const body = "\x04\x6b\x02\x69\xfe\x16"
		want := "484714193320"
		for name, header := range map[string]string{
			"old, one octet": "\x98\x06", "old, two": "\x99\x00\x06", "old, four": "\x9a\x00\x00\x00\x06",
			"new, one octet": "\xc6\x06", "new, five": "\xc6\xff\x00\x00\x00\x06",
		} {
			got, err := PublicKeys(block(header + body))
			if err != nil || len(got) != 1 || !strings.HasPrefix(got[0].Fingerprint, want) {
				t.Errorf("%s: got %v, %v want one key %s…", name, got, err, want)
			}
		}
		long := body + strings.Repeat("x", 300-len(body))
		if got, err := PublicKeys(block("\xc6\xc0\x6c" + long)); err != nil || len(got) != 1 {
			t.Errorf("new, two octets: got %v, %v want one key", got, err)
		}
	})
	t.Run("refuses what it cannot be sure of", func(t *testing.T) {
		t.Parallel()
		for name, packets := range map[string]string{
			"a key that is cut":      "\x98\x33\x04\x6b",
			"no packet":              "\x04\x04\x04",
			"an open length":         "\x9b\x04\x6b\x02\x69\xfe\x16",
			"a partial length":       "\xc6\xe1\x04\x6b\x02\x69\xfe\x16",
			"a key without its time": "\x98\x02\x04\x6b",
			"a signature alone":      "\x88\x01\x04",
			"a key of version 3":     "\x98\x06\x03\x6b\x02\x69\xfe\x16",
			"a second that is cut":   "\x98\x06\x04\x6b\x02\x69\xfe\x16\x99",
		} {
			if got, err := PublicKeys(block(packets)); err == nil {
				t.Errorf("%s: got %v want an error", name, got)
			}
		}
	})
}

func block(packets string) []byte {
	return []byte(armourBegin + "\n\n" + base64.StdEncoding.EncodeToString([]byte(packets)) + "\n" + armourEnd + "\n")
}

func FuzzPublicKeys(f *testing.F) {
	f.Add([]byte("\x98\x06\x04\x6b\x02\x69\xfe\x16"))
	f.Add([]byte("\xc6\xff\x00\x00\x00\x06\x04\x6b\x02\x69\xfe\x16"))
	f.Fuzz(func(t *testing.T, packets []byte) {
		keys, err := PublicKeys(block(string(packets)))
		if err == nil && len(keys) == 0 {
			t.Fatalf("got no key and no error from %x", packets)
		}
	})
}
