package repository

import (
	"crypto/sha1" //nolint:gosec // what OpenPGP makes fingerprints of
	"encoding/binary"
	"errors"
	"fmt"
)

// PublicKey is what tells an OpenPGP key from all others.
type PublicKey struct {
	// Fingerprint is 40 hexadecimal digits in capitals, as gpg prints them.
	Fingerprint string `json:"fingerprint"`
	// Created is when the key was made, in seconds since 1970.
	Created uint32 `json:"created"`
}

// PublicKeys are the primary keys in ASCII armour, one or several.
func PublicKeys(armoured []byte) ([]PublicKey, error) {
	packets, err := dearmor(armoured)
	if err != nil {
		return nil, err
	}
	var keys []PublicKey
	for len(packets) > 0 {
		tag, body, rest, err := nextPacket(packets)
		if err != nil {
			return nil, fmt.Errorf("reading the key: %w", err)
		}
		if tag == publicKeyTag {
			key, err := parsePublicKey(body)
			if err != nil {
				return nil, fmt.Errorf("reading the key: %w", err)
			}
			keys = append(keys, key)
		}
		packets = rest
	}
	if len(keys) == 0 {
		return nil, errors.New("reading the key: there is no public key in its armour")
	}
	return keys, nil
}

// publicKeyTag is of the packet that starts each key (RFC 9580, section 5); its subkeys
// and signatures follow.
const publicKeyTag = 6

// parsePublicKey reads version 4 (RFC 9580, section 5.5.2.2); its fingerprint is the
// SHA-1 of the packet (section 5.5.4.2).
func parsePublicKey(body []byte) (PublicKey, error) {
	switch {
	case len(body) < 6 || len(body) > 0xffff:
		return PublicKey{}, errors.New("a public key has no sensible length")
	case body[0] != 4:
		return PublicKey{}, fmt.Errorf("a public key is of version %d of OpenPGP, and only version 4 is known here: sign with a key of that version", body[0])
	}
	hash := sha1.New() //nolint:gosec // see above
	hash.Write([]byte{0x99, byte(len(body) >> 8), byte(len(body))})
	hash.Write(body)
	return PublicKey{Fingerprint: fmt.Sprintf("%X", hash.Sum(nil)), Created: binary.BigEndian.Uint32(body[1:5])}, nil
}

var errPacket = errors.New("it is cut or damaged")

// nextPacket takes the first packet off (RFC 9580, section 4.2). Those of keys have
// lengths: the forms without are for messages.
func nextPacket(data []byte) (tag byte, body, rest []byte, err error) {
	var size int
	header := data[0]
	if header&0x80 == 0 {
		return 0, nil, nil, errPacket
	}
	data = data[1:]
	if header&0x40 != 0 {
		tag = header & 0x3f
		size, data, err = newLength(data)
	} else {
		tag = header >> 2 & 0x0f
		size, data, err = bigEndian(data, 1<<(header&3))
	}
	if err != nil || size > len(data) {
		return 0, nil, nil, errPacket
	}
	return tag, data[:size], data[size:], nil
}

// newLength reads a length of one, two or five octets.
func newLength(data []byte) (size int, rest []byte, err error) {
	switch {
	case len(data) == 0:
		return 0, nil, errPacket
	case data[0] < 192:
		return int(data[0]), data[1:], nil
	case data[0] < 224 && len(data) > 1:
		return int(data[0]-192)<<8 + int(data[1]) + 192, data[2:], nil
	case data[0] == 255:
		return bigEndian(data[1:], 4)
	default:
		return 0, nil, errPacket
	}
}

// bigEndian reads a number of 1, 2 or 4 octets.
func bigEndian(data []byte, octets int) (number int, rest []byte, err error) {
	if octets > 4 || len(data) < octets {
		return 0, nil, errPacket
	}
	for _, octet := range data[:octets] {
		number = number<<8 | int(octet)
	}
	return number, data[octets:], nil
}
