package preflight

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/hostler-dev/hostler/steps/host"
)

func checkHostname(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	name, err := v.Sysctl("kernel.hostname")
	if err != nil {
		return nil, err
	}
	const remedy = "Give the host a name of its own: hostnamectl set-hostname NAME. A node that is in the cluster has to leave and join again."
	node := s.NodeName
	if node == "" {
		node = strings.ToLower(name)
	}
	first, _, _ := strings.Cut(node, ".")
	switch {
	case first == "localhost" || node == "(none)":
		return []Finding{failure(remedy, "the node's name would be %q, which all hosts without a name have: they would take each other's place in the cluster", node)}, nil
	case len(validation.IsDNS1123Subdomain(node)) > 0:
		return []Finding{failure(remedy, "the node's name would be %q: %s", node, validation.IsDNS1123Subdomain(node)[0])}, nil
	case node != strings.ToLower(name):
		return []Finding{info("", "the node is called %q and its host %q", node, name)}, nil
	}
	return nil, nil
}

// machineID is the form that machine-id(5) demands.
var machineID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// MachineID reads the host's machine-id; empty where it has none.
func MachineID(v host.Files) (string, error) {
	content, err := v.ReadFile("/etc/machine-id")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(content)), err
}

func checkMachineID(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	id, err := MachineID(v)
	if err != nil {
		return nil, err
	}
	if !v.Live() {
		if !machineID.MatchString(id) {
			return nil, nil // each machine made from the image gets its own at its first boot
		}
		return []Finding{warning("Empty the file: truncate -s 0 /etc/machine-id.", "the image has a machine-id, and all machines made from it would have the same")}, nil
	}
	const remedy = "Make one: rm -f /etc/machine-id && systemd-machine-id-setup, then reboot."
	switch {
	case id == "" || id == "uninitialized":
		return []Finding{failure(remedy, "/etc/machine-id is empty, so that the host cannot be told from others: DHCP, the journal and the Node object go by it")}, nil
	case !machineID.MatchString(id):
		return []Finding{failure(remedy, "/etc/machine-id holds %q, want 32 hexadecimal digits", id)}, nil
	case strings.Count(id, id[:1]) == len(id):
		return []Finding{failure(remedy, "/etc/machine-id is %s, which was filled in by hand and is no identity", id)}, nil
	}
	return nil, nil
}

func checkProductUUID(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	content, err := v.ReadFile("/sys/class/dmi/id/product_uuid")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // machines without DMI have none
	}
	if err != nil {
		return nil, err
	}
	uuid := strings.TrimSpace(string(content))
	digits := strings.ReplaceAll(strings.ToLower(uuid), "-", "")
	if digits != "" && strings.Count(digits, digits[:1]) < len(digits) {
		return nil, nil
	}
	return []Finding{warning("Have the hypervisor, or the firmware, give the machine one of its own.",
		"the machine's product_uuid is %q, which is no identity: what goes by it takes machines for one another", uuid)}, nil
}

// Registered is what the cluster says of the Node of this host's name.
type Registered struct {
	Name      string
	MachineID string
}

// Duplicate tells whether a Node of this host's name belongs to another machine. own is the host's machine-id.
func Duplicate(own string, node Registered) []Finding {
	if node.MachineID == "" || own == "" || node.MachineID == own {
		return nil
	}
	finding := failure("Give one of the two hosts another name. If the other one is gone: kubectl delete node "+node.Name+", and the kubelet registers anew.",
		"the cluster has a node %s with machine-id %s, and this host's is %s: two machines have the same name, or this one was installed anew", node.Name, node.MachineID, own)
	finding.Check = "duplicate"
	return []Finding{finding}
}
