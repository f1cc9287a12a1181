package repository

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func TestOldAptGetsKeysWithoutArmour(t *testing.T) {
	t.Parallel()
	packets := bytes.Repeat([]byte{0x98, 0x33, 0, 0xff, '='}, 30)
	encoded := base64.StdEncoding.EncodeToString(packets)
	lines := encoded[:64] + "\n" + encoded[64:128] + "\n" + encoded[128:]
	block := func(headers, body string) string {
		return armourBegin + "\n" + headers + body + "\n" + armourEnd + "\n"
	}
	old := dirs
	old.BinaryKeys = true
	for name, c := range map[string]struct {
		key  string
		want []byte
	}{
		"plain":            {block("\n", lines), packets},
		"with headers":     {block("Version: GnuPG v1\nComment: a: b\n\n", lines), packets},
		"with a checksum":  {block("\n", lines+"\n=AbCd"), packets},
		"no blank line":    {block("", lines), packets},
		"from Windows":     {strings.ReplaceAll(block("\n", lines+"\n=AbCd"), "\n", "\r\n"), packets},
		"two keys":         {block("\n", lines) + "text\n" + block("\n", lines), append(bytes.Clone(packets), packets...)},
		"nothing in it":    {block("\n", ""), nil},
		"damaged":          {block("\n", lines+"\n!"), nil},
		"without its end":  {armourBegin + "\n\n" + lines, nil},
		"no armour at all": {"mDME", nil},
	} {
		spec := valid()
		spec.Key = []byte(c.key)
		got, err := spec.KeyContent(old)
		if !bytes.Equal(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%s: got %x, %v want %x", name, got, err, c.want)
		}
	}
	spec := valid()
	if got := spec.KeyPath(old); got != "/etc/apt/keyrings/kubernetes.gpg" {
		t.Errorf("got %s want a name that tells apt that it is binary", got)
	}
}

func FuzzDearmor(f *testing.F) {
	f.Add([]byte(armour))
	f.Add([]byte(armourBegin + "\nVersion: x\n\nAAAA\n=AAAA\n" + armourEnd))
	f.Fuzz(func(t *testing.T, armoured []byte) {
		if keys, err := dearmor(armoured); err == nil && len(keys) == 0 {
			t.Fatalf("got no key and no error from %q", armoured)
		}
	})
}
