package repository

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	armourBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
	armourEnd   = "-----END PGP PUBLIC KEY BLOCK-----"
)

// dearmor takes the ASCII armour (RFC 9580, section 6.2) off public keys, one block
// after the other. Headers before the first blank line and the checksum, which starts
// with an equals sign, are passed over.
func dearmor(armoured []byte) ([]byte, error) {
	var keys []byte
	rest := string(armoured)
	for {
		_, after, found := strings.Cut(rest, armourBegin)
		if !found {
			break
		}
		block, following, closed := strings.Cut(after, armourEnd)
		if !closed {
			return nil, errors.New("the key's armour has no end")
		}
		key, err := decodeBlock(block)
		if err != nil {
			return nil, fmt.Errorf("the key's armour: %w", err)
		}
		keys, rest = append(keys, key...), following
	}
	if len(keys) == 0 {
		return nil, errors.New("the key's armour is empty")
	}
	return keys, nil
}

func decodeBlock(block string) ([]byte, error) {
	var text strings.Builder
	inside := false
	for line := range strings.Lines(strings.TrimPrefix(strings.TrimLeft(block, " \t\r"), "\n")) {
		line = strings.TrimSpace(line)
		switch {
		case !inside && (line == "" || strings.Contains(line, ": ")):
			inside = line == ""
		case strings.HasPrefix(line, "="):
			return base64.StdEncoding.DecodeString(text.String())
		default:
			inside = true // some leave the blank line out where there are no headers
			text.WriteString(line)
		}
	}
	return base64.StdEncoding.DecodeString(text.String())
}
