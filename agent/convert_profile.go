package agent

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/network/linkmanagers"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/apparmor"
	"github.com/hostler-dev/hostler/steps/astra"
	"github.com/hostler-dev/hostler/steps/autoupdates"
	"github.com/hostler-dev/hostler/steps/blockdevices"
	"github.com/hostler-dev/hostler/steps/firewall"
	"github.com/hostler-dev/hostler/steps/hugepages"
	"github.com/hostler-dev/hostler/steps/journald"
	"github.com/hostler-dev/hostler/steps/limits"
	"github.com/hostler-dev/hostler/steps/listeners"
	"github.com/hostler-dev/hostler/steps/preflight"
	"github.com/hostler-dev/hostler/steps/proxy"
	"github.com/hostler-dev/hostler/steps/reboot"
	"github.com/hostler-dev/hostler/steps/selinux"
	"github.com/hostler-dev/hostler/steps/swap"
	"github.com/hostler-dev/hostler/steps/timesync"
	"github.com/hostler-dev/hostler/steps/trust"
	"github.com/hostler-dev/hostler/steps/users"
	"github.com/hostler-dev/hostler/sysctl"
)

// The steps of the operating-system profile, one function each.

func (c *catalog) preflight() steps.Step { return preflight.New(Preflight(c.spec, c.machine)) }

func (c *catalog) astra() steps.Step {
	if !c.machine.Release.Security.Parsec {
		return nil
	}
	return astra.New()
}

func (c *catalog) proxy() steps.Step {
	spec := c.proxySpec()
	for _, r := range c.spec.Packages.Repositories {
		if name := hostName(r.URL); c.serves(&r) && spec.Direct(r.URL) && !slices.Contains(spec.NoProxy, name) {
			spec.NoProxy = append(slices.Clip(spec.NoProxy), name) // apt knows single hosts only
		}
	}
	runtime := c.runtime()
	for _, unit := range append([]string{runtime.Unit}, runtime.Below...) {
		if unit != "" && c.spec.CRI.Type != v1alpha1.CRINotManaged {
			spec.Units = append(spec.Units, proxy.Unit{Name: unit, Cost: c.runtimeRestart()})
		}
	}
	if c.spec.KubernetesVersion != "" {
		spec.Units = append(spec.Units, proxy.Unit{Name: c.machine.Release.Kubelet.Unit, Cost: steps.Restart})
	}
	return proxy.New(spec)
}

// proxySpec is what the group says of a proxy.
func (c *catalog) proxySpec() proxy.Spec {
	spec := proxy.Spec{PackageManager: c.machine.Release.PackageManager, APIServer: hostOf(c.machine.Join.APIServer)}
	if wish := c.spec.OperatingSystem.Proxy; wish != nil {
		spec.HTTP, spec.HTTPS, spec.NoProxy = wish.HTTP, wish.HTTPS, wish.NoProxy
	}
	return spec
}

// hostName is the host of a URL without a port; empty for a file.
func hostName(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

// hostOf is the host of a URL, with its port.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return "" // who joins is told of it
	}
	return parsed.Host
}

func (c *catalog) trust() steps.Step {
	facts, wish := c.machine.Release.Trust, c.spec.OperatingSystem.CACertificates
	if facts.Dir == "" {
		if len(wish) > 0 {
			c.unknown("spec.operatingSystem.caCertificates", "where certificate authorities are kept", "leave them to a NodeGroupConfiguration")
		}
		return nil
	}
	spec := trust.Spec{Dir: facts.Dir, Suffix: facts.Suffix, Update: facts.Update, Bundle: facts.Bundle, Package: facts.Package}
	for _, certificate := range wish {
		spec.Certificates = append(spec.Certificates, trust.Certificate{Name: certificate.Name, PEM: certificate.PEM})
	}
	if runtime := c.runtime(); runtime.Unit != "" && c.spec.CRI.Type != v1alpha1.CRINotManaged {
		spec.Restart = append(spec.Restart, trust.Unit{Name: runtime.Unit, Cost: c.runtimeRestart()})
	}
	return trust.New(spec)
}

func (c *catalog) autoUpdates() steps.Step {
	facts := c.machine.Release.Updates
	mode := autoupdates.Mode(c.spec.OperatingSystem.UnattendedUpgrades)
	if mode == autoupdates.Disabled && len(facts.Units) == 0 && !facts.AptPeriodic {
		c.unknown("spec.operatingSystem.unattendedUpgrades", "what updates packages unasked", "leave it Unmanaged, and mask its units in operatingSystem.units")
	}
	return autoupdates.New(autoupdates.Spec{Mode: mode, Units: facts.Units, AptPeriodic: facts.AptPeriodic})
}

func (c *catalog) timeSync() steps.Step {
	facts := c.machine.Release.TimeSync
	mode := timesync.Mode(c.spec.OperatingSystem.TimeSync)
	if mode == timesync.Enabled && facts.Unit == "" {
		c.unknown("spec.operatingSystem.timeSync", "what keeps the clock", "leave it Unmanaged, and install a time daemon by packages.install")
	}
	spec := timesync.Spec{Mode: mode, Units: facts.Units, Unit: facts.Unit}
	if mode == timesync.Enabled && facts.Package != "" {
		spec.Package = c.packageStep("time-sync", facts.Package, "", steps.None)
	}
	return timesync.New(spec)
}

func (c *catalog) swap() steps.Step {
	wish := c.spec.OperatingSystem
	spec := swap.Spec{Mode: swap.Mode(wish.Swap)}
	if wish.SwapSize != nil {
		spec.Size = wish.SwapSize.Value()
	}
	return swap.New(spec)
}

func (c *catalog) sysctl() steps.Step {
	wish := c.spec.OperatingSystem
	return sysctl.New(sysctl.Spec{
		Values: wish.Sysctl, Profile: sysctl.Profile(wish.SysctlProfile), Size: sysctl.Size{CPUs: c.machine.CPUs}, IPv6: c.hasIPv6(),
	})
}

// hasIPv6 is whether the addresses of nodes or pods that hostler knows of are of that family.
func (c *catalog) hasIPv6() bool {
	return strings.Contains(c.spec.Kubelet.NodeIP, ":") || c.spec.Network.CNI.Bridge != nil && strings.Contains(c.spec.Network.CNI.Bridge.Subnet, ":")
}

// kernelModules are those of the group and those that the profile's parameters come with.
func (c *catalog) kernelModules() []string {
	wish := c.spec.OperatingSystem
	names := slices.Clone(wish.KernelModules)
	for _, name := range sysctl.ProfileModules(sysctl.Profile(wish.SysctlProfile)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (c *catalog) hugepages() steps.Step {
	return hugepages.New(hugepages.Spec{Mode: hugepages.Mode(c.spec.OperatingSystem.TransparentHugepages)})
}

func (c *catalog) blockDevices() steps.Step {
	var spec blockdevices.Spec
	for _, wish := range c.spec.OperatingSystem.BlockDevices {
		spec.Queues = append(spec.Queues, blockdevices.QueueWish{
			Match: wish.Match, Scheduler: wish.Scheduler, ReadAheadKB: number(wish.ReadAheadKB), Requests: number(wish.Requests),
		})
	}
	return blockdevices.New(spec)
}

func (c *catalog) journald() steps.Step {
	spec := journald.Spec{SystemdVersion: c.machine.Release.Init.Version}
	if wish := c.spec.OperatingSystem.Journald; wish != nil {
		spec.MaxUse, spec.KeepFree, spec.MaxFileSize = size(wish.MaxUse), size(wish.KeepFree), size(wish.MaxFileSize)
		if wish.MaxRetention != nil {
			spec.MaxRetention = &wish.MaxRetention.Duration
		}
		if wish.RateLimitInterval != nil {
			spec.RateLimitInterval = &wish.RateLimitInterval.Duration
		}
		if wish.RateLimitBurst != nil {
			spec.RateLimitBurst = new(int64(*wish.RateLimitBurst))
		}
	}
	return journald.New(spec)
}

func (c *catalog) limits() steps.Step {
	spec := limits.Spec{SystemdVersion: c.machine.Release.Init.Version}
	for _, wish := range c.spec.OperatingSystem.Limits {
		spec.Limits = append(spec.Limits, limits.Limit{Item: wish.Item, Soft: wish.Soft, Hard: wish.Hard})
	}
	return limits.New(spec)
}

func (c *catalog) users() steps.Step {
	var spec users.Spec
	for _, wish := range c.spec.OperatingSystem.Users {
		user := users.User{Name: wish.Name, Groups: wish.Groups, Shell: wish.Shell, Keys: wish.SSHAuthorizedKeys}
		if wish.UID != nil {
			user.UID = new(int(*wish.UID))
		}
		spec.Users = append(spec.Users, user)
	}
	return users.New(spec)
}

func (c *catalog) selinux() steps.Step {
	mode := selinux.Mode(c.spec.OperatingSystem.SELinux)
	return selinux.New(selinux.Spec{Mode: mode, OffByKernelOnly: c.machine.Release.Security.SELinuxOffByKernel})
}

func (c *catalog) appArmor() steps.Step {
	return apparmor.New(apparmor.Spec{Enabled: c.spec.OperatingSystem.AppArmor == v1alpha1.PresenceEnabled})
}

func (c *catalog) firewall() steps.Step {
	off, units := c.spec.OperatingSystem.Firewall == v1alpha1.Disabled, c.machine.Release.Security.Firewalls
	if off && len(units) == 0 {
		c.unknown("spec.operatingSystem.firewall", "which firewall it has", "leave it Unmanaged, and mask its unit in operatingSystem.units")
	}
	return firewall.New(firewall.Spec{Disabled: off, Units: units})
}

func (c *catalog) listeners() steps.Step {
	return listeners.New(listeners.Spec{Mode: listeners.Mode(c.spec.OperatingSystem.UnneededServices)})
}

func (c *catalog) linkManagers() steps.Step {
	return linkmanagers.New(linkmanagers.Spec{
		Protected: c.spec.Network.CNILinks == v1alpha1.CNILinksProtected, SystemdVersion: c.machine.Release.Init.Version,
	})
}

func (c *catalog) reboot() steps.Step {
	facts := c.machine.Release.Reboot
	return reboot.New(reboot.Spec{
		Policy: reboot.Policy(c.spec.OperatingSystem.Reboot),
		Signs:  reboot.Signs{File: facts.Sign, Packages: facts.Packages, Query: facts.Query, KernelDir: facts.KernelDir},
	})
}

// unknown refuses a field that needs a fact which the distribution's row does not have: to guess would be worse.
func (c *catalog) unknown(field, fact, instead string) {
	c.problem(field, fmt.Errorf("hostler does not know %s on %s: %s", fact, c.machine.Release.Name, instead))
}

func number(n *int32) *int {
	if n == nil {
		return nil
	}
	return new(int(*n))
}

// size is a number of bytes, where there is one.
func size(q *resource.Quantity) *int64 {
	if q == nil {
		return nil
	}
	return new(q.Value())
}
