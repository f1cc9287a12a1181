package agent

import (
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/ready"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/network/cni"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/blockdevices"
	"github.com/hostler-dev/hostler/steps/files"
	"github.com/hostler-dev/hostler/steps/firewall"
	"github.com/hostler-dev/hostler/steps/kubelet"
	"github.com/hostler-dev/hostler/steps/modules"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/reboot"
	"github.com/hostler-dev/hostler/steps/repositories"
	"github.com/hostler-dev/hostler/steps/scripts"
	"github.com/hostler-dev/hostler/steps/swap"
	"github.com/hostler-dev/hostler/steps/trust"
	"github.com/hostler-dev/hostler/steps/units"
	"github.com/hostler-dev/hostler/steps/users"
)

// Join is how a new node gets into its cluster.
type Join = kubelet.Join

// Machine is what a catalog needs to know of the machine that is not in the revision.
type Machine struct {
	// Release is the distribution's row of facts.
	Release *distros.Release
	// Distro is what the machine says it is; repositories are chosen by it.
	Distro distros.Distro
	// NodeName is the Node's name; empty for an image that is to become many nodes.
	NodeName string
	Join     Join
	// CPUs is the number of processors; 0: not known, as of an image.
	CPUs int
}

// Catalog lists the steps that make a machine what the revision says, in the order
// in which they run. Everything that is wrong with the revision for this
// machine is reported at once.
func Catalog(revision *v1alpha1.NodeGroupRevisionSpec, m Machine) ([]steps.Step, error) {
	manager, err := pkgmgr.For(m.Release.PackageManager)
	if err != nil {
		return nil, err
	}
	c := catalog{spec: &revision.Host, configurations: revision.Configurations, machine: m, manager: manager}
	list := []steps.Step{
		c.preflight(), // before anything is done
		c.astra(),
		c.autoUpdates(), // before hostler wants the same lock
		c.trust(),       // before anything is fetched over TLS
		c.proxy(),
		c.repositories(), // before everything that installs
		c.timeSync(),
		c.swap(),
		c.modules(), // before the sysctls that they bring
		c.sysctl(),
		c.hugepages(),
		c.blockDevices(),
		c.journald(),
		c.limits(),
		c.users(), // before the files that they own
		c.selinux(),
		c.appArmor(),
		c.firewall(),
		c.listeners(),
		c.linkManagers(), // before the interfaces of pods
		c.files(),        // before the units that they belong to
		c.packages(),
		c.units(), // after the packages that bring them
		c.cri(),   // before the kubelet that uses it
		c.cni(),   // before the kubelet, whose package wants the same plugins
		c.kubelet(),
	}
	list = append(list, c.scripts()...) // after all that they may need
	list = append(list, c.reboot())     // after all that may ask for it
	var wanted []steps.Step
	for _, step := range list {
		if step != nil {
			wanted = append(wanted, step)
		}
	}
	return wanted, errors.Join(c.problems...)
}

// Codec reads and writes all ops that steps of the catalog make.
func Codec() (*op.Codec, error) {
	return op.NewCodec(op.Kinds(), pkgmgr.Kinds(), scripts.Kinds(), trust.Kinds(), swap.Kinds(), blockdevices.Kinds(), firewall.Kinds(),
		users.Kinds(), reboot.Kinds())
}

// Probes are what must be well after a run on a live machine.
func Probes(spec *v1alpha1.HostSpec, m Machine) []steps.Probe {
	c := catalog{spec: spec, machine: m}
	probes := c.runtime().Probes()
	if spec.KubernetesVersion == "" {
		return probes
	}
	node := ready.Node{
		NodeName: m.NodeName, Kubeconfig: kubelet.KubeconfigPath,
		NetworkManaged: spec.Network.CNI.Type != v1alpha1.CNINotManaged,
	}
	// The kubelet tells its configuration only once it has joined.
	return append(probes, kubelet.Running{}, kubelet.Healthz{}, node, kubelet.Configz{})
}

// catalog builds steps and gathers what is wrong.
type catalog struct {
	spec           *v1alpha1.HostSpec
	configurations []v1alpha1.Configuration
	machine        Machine
	manager        pkgmgr.Manager
	problems       []error
}

// problem notes what is wrong with a part of the revision; nil is nothing.
func (c *catalog) problem(part string, err error) {
	if err != nil {
		c.problems = append(c.problems, fmt.Errorf("%s: %w", part, err))
	}
}

func (c *catalog) repositories() steps.Step {
	wanted := c.repositorySpecs()
	if len(wanted) == 0 {
		return nil
	}
	step, err := repositories.New(repositories.Spec{
		Manager: c.machine.Release.PackageManager, Dirs: c.repositoryDirs(), Repositories: wanted, LockTimeout: c.lockTimeout(),
	})
	c.problem("spec.packages.repositories", err)
	return step
}

func (c *catalog) packages() steps.Step {
	spec := c.packagesSpec()
	if len(spec.Install)+len(spec.Remove) == 0 {
		return nil
	}
	step, err := packages.New("packages", spec)
	c.problem("spec.packages", err)
	return step
}

func (c *catalog) modules() steps.Step {
	return modules.New(modules.Spec{Names: c.kernelModules()})
}

func (c *catalog) files() steps.Step {
	spec, err := filesSpec(c.spec.OperatingSystem.Files)
	c.problem("spec.operatingSystem.files", err)
	return files.New(spec)
}

func (c *catalog) units() steps.Step {
	return units.New(unitsSpec(c.spec.OperatingSystem.Units))
}

func (c *catalog) cni() steps.Step {
	spec, err := c.cniSpec()
	c.problem("spec.network.cni", err)
	return cni.New(spec)
}

func (c *catalog) kubelet() steps.Step {
	if c.spec.KubernetesVersion == "" {
		return nil
	}
	if names := c.machine.Release.Packages; names.Kubelet == "" || names.Kubectl == "" || names.KubernetesCNI == "" {
		c.problem("spec.kubernetesVersion", fmt.Errorf("hostler does not know what the packages of Kubernetes are called on %s: leave the version away, and install them by spec.packages.install",
			c.machine.Release.Name))
		return nil
	}
	step := kubelet.Step{Spec: c.kubeletSpec(), Packages: kubernetesPackages{c.packagesBase(), c.manager, c.machine.Release.Kubelet.Unit}, ChooseIP: chooseIP}
	return kubeletStep{Step: step, runtime: c.runtime(), installed: c.dockerVersion()}
}

// scripts are the configurations in the revision's order, after what is to be taken
// back: a configuration under a new name must not be undone by its old one.
func (c *catalog) scripts() []steps.Step {
	specs := c.scriptSpecs()
	var names []string
	for _, spec := range specs {
		names = append(names, spec.Name)
	}
	list := []steps.Step{scripts.NewRemoval(names, false), scripts.NewRemoval(names, true)}
	for _, spec := range specs {
		list = append(list, scripts.New(spec))
	}
	return list
}
