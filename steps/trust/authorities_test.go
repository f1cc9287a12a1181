package trust_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// authority reads a certificate of the tests. They signed themselves, and nobody
// has their keys. corp and second are authorities until 2120, expired was one until
// 2021, and leaf is none.
func authority(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// join puts PEM texts into one, with text between as openssl writes it.
func join(texts ...string) string {
	var b strings.Builder
	for i, text := range texts {
		fmt.Fprintf(&b, "Certificate %d:\n  Data: ...\n%s", i+1, text)
	}
	return b.String()
}
