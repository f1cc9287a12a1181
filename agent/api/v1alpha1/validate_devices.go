package v1alpha1

import (
	"encoding/base64"
	"encoding/binary"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *checker) users(p *field.Path, users []User) {
	names, ids := c.unique(), map[int64]string{}
	for i, user := range users {
		at := p.Index(i)
		c.needsMatch(at.Child("name"), user.Name, accountName, "an account: lower-case letters, digits, dashes, at most 32")
		names(at.Child("name"), user.Name)
		if user.UID != nil {
			other, taken := ids[*user.UID]
			switch {
			case *user.UID < 1:
				c.invalid(at.Child("uid"), *user.UID, "must be at least 1")
			case taken:
				c.invalid(at.Child("uid"), *user.UID, "is that of %s, which is here too", other)
			}
			ids[*user.UID] = user.Name
		}
		groups := c.unique()
		for j, group := range user.Groups {
			c.needsMatch(at.Child("groups").Index(j), group, accountName, "a group: lower-case letters, digits, dashes, at most 32")
			groups(at.Child("groups").Index(j), group)
		}
		if user.Shell != "" {
			c.absolutePath(at.Child("shell"), user.Shell, "a shell")
		}
		c.authorizedKeys(at.Child("sshAuthorizedKeys"), user.SSHAuthorizedKeys)
	}
}

func (c *checker) authorizedKeys(p *field.Path, keys []string) {
	lines := c.unique()
	for i, key := range keys {
		at := p.Index(i)
		lines(at, key)
		switch {
		case privateKey.MatchString(key):
			c.noPrivateKey(at, key)
		case strings.ContainsAny(key, "\n\r"):
			c.invalid(at, nil, "must be on one line")
		case !holdsPublicKey(key):
			c.invalid(at, key, "must be a line of authorized_keys, such as ssh-ed25519 AAAA… name")
		}
	}
}

// holdsPublicKey looks for a type and, after it, a key that says of itself that it is of that type: so a key that was cut
// off, or a line with the type of another, does not lock people out. Options may stand before.
func holdsPublicKey(line string) bool {
	words := strings.Fields(line)
	for i := range len(words) - 1 {
		blob, err := base64.StdEncoding.DecodeString(words[i+1])
		if err != nil || len(blob) < 4 {
			continue
		}
		length := binary.BigEndian.Uint32(blob)
		if uint64(length) < uint64(len(blob)-4) && string(blob[4:4+length]) == words[i] {
			return true
		}
	}
	return false
}

func (c *checker) blockDevices(p *field.Path, devices []BlockDevice) {
	patterns := c.unique()
	for i, device := range devices {
		at := p.Index(i)
		c.needsMatch(at.Child("match"), device.Match, devicePattern, "a pattern of kernel names, such as sd* or nvme*n*")
		if _, err := path.Match(device.Match, ""); err != nil {
			c.invalid(at.Child("match"), device.Match, "must have a closing bracket for each that opens")
		}
		patterns(at.Child("match"), device.Match)
		c.matches(at.Child("scheduler"), device.Scheduler, schedulerName, "the name of a scheduler, such as none or mq-deadline")
		if device.ReadAheadKB != nil {
			c.atLeast(at.Child("readAheadKB"), *device.ReadAheadKB, 0)
		}
		if device.Requests != nil {
			c.atLeast(at.Child("requests"), *device.Requests, 1)
		}
		if device.Scheduler == "" && device.ReadAheadKB == nil && device.Requests == nil {
			c.invalid(at, nil, "must have one of scheduler, readAheadKB, requests: as it is, it says nothing about the disks")
		}
	}
}

func (c *checker) journald(p *field.Path, s *JournaldSpec) {
	for _, size := range []struct {
		name  string
		value *resource.Quantity
	}{{"maxUse", s.MaxUse}, {"keepFree", s.KeepFree}, {"maxFileSize", s.MaxFileSize}} {
		if size.value != nil && size.value.Sign() <= 0 {
			c.invalid(p.Child(size.name), size.value.String(), "must be more than nothing")
		}
	}
	if s.MaxRetention != nil && s.MaxRetention.Duration <= 0 {
		c.invalid(p.Child("maxRetention"), s.MaxRetention.Duration.String(), "must be more than nothing")
	}
	if s.RateLimitInterval != nil && s.RateLimitInterval.Duration < 0 {
		c.invalid(p.Child("rateLimitInterval"), s.RateLimitInterval.Duration.String(), "must not be negative")
	}
	if s.RateLimitBurst != nil {
		c.atLeast(p.Child("rateLimitBurst"), *s.RateLimitBurst, 0)
	}
}

func (c *checker) limits(p *field.Path, limits []Limit) {
	const unlimited = -1
	items := c.unique()
	for i, limit := range limits {
		at := p.Index(i)
		if limit.Item == "" {
			c.require(at.Child("item"), "what is limited, such as nofile")
		}
		oneOf(c, at.Child("item"), limit.Item, "core", "fsize", "memlock", "nofile", "nproc", "stack")
		items(at.Child("item"), limit.Item)
		if limit.Hard < unlimited {
			c.invalid(at.Child("hard"), limit.Hard, "must be at least 0, or -1 for no limit")
		}
		switch {
		case limit.Soft < unlimited:
			c.invalid(at.Child("soft"), limit.Soft, "must be at least 0, or -1 for no limit")
		case limit.Hard > unlimited && (limit.Soft == unlimited || limit.Soft > limit.Hard):
			c.invalid(at.Child("soft"), limit.Soft, "must be at most the hard limit, %d", limit.Hard)
		}
		// The kernel has no more open files than fs.nr_open, and sessions fail where a limit is above it.
		if limit.Item == "nofile" && (limit.Soft == unlimited || limit.Hard == unlimited) {
			c.invalid(at, limit.Hard, "must have numbers: open files cannot be unlimited, fs.nr_open bounds them")
		}
	}
}
