package v1alpha1

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/sysctl"
)

func (c *checker) operatingSystem(p *field.Path, s *OperatingSystemSpec) {
	c.sysctl(p.Child("sysctl"), s.Sysctl)
	c.kernelModules(p.Child("kernelModules"), s.KernelModules)
	c.files(p.Child("files"), s.Files)
	c.units(p.Child("units"), s.Units)
	c.users(p.Child("users"), s.Users)
	c.swap(p, s)
	oneOf(c, p.Child("sysctlProfile"), s.SysctlProfile, SysctlProfileKubernetes, SysctlProfileUnmanaged)
	oneOf(c, p.Child("unattendedUpgrades"), s.UnattendedUpgrades, Disabled, Unmanaged)
	oneOf(c, p.Child("firewall"), s.Firewall, Disabled, Unmanaged)
	oneOf(c, p.Child("unneededServices"), s.UnneededServices, Disabled, Unmanaged)
	oneOf(c, p.Child("timeSync"), s.TimeSync, PresenceEnabled, PresenceUnmanaged)
	oneOf(c, p.Child("appArmor"), s.AppArmor, PresenceEnabled, PresenceUnmanaged)
	oneOf(c, p.Child("reboot"), s.Reboot, RebootWhenRequired, RebootUnmanaged)
	oneOf(c, p.Child("selinux"), s.SELinux, SELinuxEnforcing, SELinuxPermissive, SELinuxDisabled, SELinuxUnmanaged)
	oneOf(c, p.Child("transparentHugepages"), s.TransparentHugepages,
		HugepagesAlways, HugepagesMadvise, HugepagesNever, HugepagesUnmanaged)
	c.blockDevices(p.Child("blockDevices"), s.BlockDevices)
	if s.Journald != nil {
		c.journald(p.Child("journald"), s.Journald)
	}
	c.limits(p.Child("limits"), s.Limits)
	c.certificates(p.Child("caCertificates"), s.CACertificates)
	if s.Proxy != nil {
		c.proxy(p.Child("proxy"), s.Proxy)
	}
}

func (c *checker) sysctl(p *field.Path, parameters map[string]string) {
	spelt := map[sysctl.Key]string{}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		at := p.Key(name)
		key, err := sysctl.ParseKey(name)
		if err != nil {
			why := strings.TrimPrefix(err.Error(), sysctl.ErrKey.Error()+": ")
			c.invalid(at, name, "must be a kernel parameter: %s", strings.TrimPrefix(why, strconv.Quote(name)+": "))
		} else if other, taken := spelt[key]; taken {
			c.invalid(at, name, "is the same parameter as %s, which is here too", other)
		} else {
			spelt[key] = name
		}
		switch value := parameters[name]; {
		case strings.TrimSpace(value) == "":
			c.require(at, "a value; leave the key out to leave the parameter alone")
		case strings.ContainsAny(value, "\n\x00"):
			c.invalid(at, value, "must be on one line")
		}
	}
}

func (c *checker) kernelModules(p *field.Path, modules []string) {
	// The kernel takes dashes and underscores for the same.
	seen := map[string]bool{}
	for i, module := range modules {
		c.needsMatch(p.Index(i), module, kernelModule, "the name of a module, without .ko and parameters")
		name := strings.ReplaceAll(module, "-", "_")
		if seen[name] {
			c.errs = append(c.errs, field.Duplicate(p.Index(i), module))
		}
		seen[name] = true
	}
}

func (c *checker) files(p *field.Path, files []File) {
	paths := c.unique()
	for i, file := range files {
		at := p.Index(i)
		c.absolutePath(at.Child("path"), file.Path, "the file")
		paths(at.Child("path"), file.Path)
		c.matches(at.Child("mode"), file.Mode, octalMode, `three or four octal digits, such as "0644"`)
		c.matches(at.Child("owner"), file.Owner, fileOwner, "user:group, such as root:root")
		c.noPrivateKey(at.Child("content"), file.Content)
		oneOf(c, at.Child("impact"), file.Impact, ImpactNone, ImpactReload, ImpactRestart, ImpactDrain, ImpactReboot)
		units := c.unique()
		for j, unit := range file.Restart {
			c.unitName(at.Child("restart").Index(j), unit)
			units(at.Child("restart").Index(j), unit)
		}
	}
}

func (c *checker) units(p *field.Path, units []Unit) {
	names := c.unique()
	for i, unit := range units {
		at := p.Index(i)
		c.unitName(at.Child("name"), unit.Name)
		names(at.Child("name"), unit.Name)
		oneOf(c, at.Child("state"), unit.State, UnitRunning, UnitStopped)
		if unit.Masked != nil && *unit.Masked {
			c.maskedUnit(at, &unit)
		}
		if unit.Enabled == nil && unit.State == "" && unit.Masked == nil && len(unit.DropIns) == 0 {
			c.invalid(at, nil, "must have one of enabled, state, masked, dropIns: as it is, it says nothing about the unit")
		}
		dropIns := c.unique()
		for j, dropIn := range unit.DropIns {
			at := at.Child("dropIns").Index(j)
			c.needsMatch(at.Child("name"), dropIn.Name, dropInName, "the name of a file that ends in .conf")
			dropIns(at.Child("name"), dropIn.Name)
			if dropIn.Content == "" {
				c.require(at.Child("content"), "what the drop-in says")
			}
			c.noPrivateKey(at.Child("content"), dropIn.Content)
		}
	}
}

func (c *checker) maskedUnit(p *field.Path, unit *Unit) {
	if unit.Enabled != nil && *unit.Enabled {
		c.invalid(p.Child("enabled"), true, "must be false or left out: a masked unit cannot be enabled")
	}
	if unit.State == UnitRunning {
		c.invalid(p.Child("state"), unit.State, "must be Stopped or left out: a masked unit cannot run")
	}
}

func (c *checker) unitName(p *field.Path, name string) {
	c.needsMatch(p, name, unitName, "the name of a unit with its type, such as chrony.service")
	if len(name) > maxUnitNameBytes {
		c.invalid(p, name, "must have at most %d bytes", maxUnitNameBytes)
	}
}

func (c *checker) swap(p *field.Path, s *OperatingSystemSpec) {
	oneOf(c, p.Child("swap"), s.Swap, SwapDisabled, SwapLimited, SwapZram, SwapUnmanaged)
	size := p.Child("swapSize")
	sized := s.Swap == SwapLimited || s.Swap == SwapZram
	switch {
	case sized && s.SwapSize == nil:
		c.require(size, "the size of the swap, because swap is "+string(s.Swap))
	case !sized && s.SwapSize != nil:
		c.forbid(size, "is only for swap Limited and Zram, and swap is "+string(s.Swap))
	case s.SwapSize != nil && s.SwapSize.Sign() <= 0:
		c.invalid(size, s.SwapSize.String(), "must be more than nothing")
	}
}

func (c *checker) certificates(p *field.Path, certificates []CACertificate) {
	names := c.unique()
	for i, certificate := range certificates {
		at := p.Index(i)
		c.needsMatch(at.Child("name"), certificate.Name, fileName, "lower-case letters, digits, dots and dashes, for it names a file")
		names(at.Child("name"), certificate.Name)
		c.pem(at.Child("pem"), certificate.PEM)
	}
}

func (c *checker) pem(p *field.Path, text string) {
	if text == "" {
		c.require(p, "one or more certificates")
		return
	}
	if privateKey.MatchString(text) {
		c.noPrivateKey(p, text)
		return
	}
	rest := []byte(text)
	for number := 1; len(strings.TrimSpace(string(rest))) > 0; number++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			c.forbid(p, "must be PEM that starts with -----BEGIN CERTIFICATE-----")
			return
		}
		if _, err := x509.ParseCertificate(block.Bytes); block.Type != "CERTIFICATE" || err != nil {
			c.invalid(p, block.Type, "block %d must be a certificate", number)
		}
	}
}

func (c *checker) proxy(p *field.Path, s *ProxySpec) {
	if s.HTTP != "" {
		c.url(p.Child("http"), s.HTTP, "http", "https")
	}
	if s.HTTPS != "" {
		c.url(p.Child("https"), s.HTTPS, "http", "https")
	}
	hosts := c.unique()
	for i, host := range s.NoProxy {
		at := p.Child("noProxy").Index(i)
		c.needsMatch(at, host, noProxyEntry, "a host, a domain or a network, without blanks and commas")
		hosts(at, host)
	}
}
