package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// peer is a tool that holds the state, in the mode in which it only looks.
type peer struct {
	name    string
	argv    []string
	version []string // command that prints it
	// differences picks from the output what it found to differ; nothing is
	// left for a converged machine.
	differences func(output string) string
}

// hostler is the first; the others are compared with it.
var peers = []peer{
	{
		name:        "hostler",
		argv:        []string{"hostler", "verify", "-f", groupPath},
		version:     []string{"hostler", "version"},
		differences: hostlerOps,
	},
	{
		name:        "bash",
		argv:        []string{"bash", peersFolder + "/bash/check.sh"},
		version:     []string{"dpkg-query", "-W", "bash"},
		differences: func(output string) string { return output },
	},
	{
		name:        "CFEngine",
		argv:        []string{"cf-agent", "--no-lock", "--inform", "--dry-run", "--file", peersFolder + "/cfengine/worker.cf"},
		version:     []string{"dpkg-query", "-W", "cfengine3"},
		differences: func(output string) string { return output },
	},
	{
		name:        "Puppet",
		argv:        []string{"puppet", "apply", "--noop", "--color=false", peersFolder + "/puppet/worker.pp"},
		version:     []string{"dpkg-query", "-W", "puppet-agent"},
		differences: linesWith("(noop)", "Error:"),
	},
	{
		name: "Ansible",
		argv: []string{
			"env", "ANSIBLE_CONFIG=" + peersFolder + "/ansible/ansible.cfg",
			"ansible-playbook", "--inventory=localhost,", "--check", peersFolder + "/ansible/worker.yml",
		},
		version:     []string{"dpkg-query", "-W", "ansible-core"},
		differences: ansibleTasks,
	},
}

// hostlerOps cuts off the summary. Each op is a line above it.
func hostlerOps(output string) string {
	ops, _, _ := strings.Cut("\n"+output, "\nNode ")
	return strings.TrimPrefix(ops, "\n")
}

// linesWith keeps the lines that hold one of the marks.
func linesWith(marks ...string) func(string) string {
	return func(output string) string {
		var kept strings.Builder
		for line := range strings.Lines(output) {
			for _, mark := range marks {
				if strings.Contains(line, mark) {
					kept.WriteString(line)
					break
				}
			}
		}
		return kept.String()
	}
}

// ansibleTasks cuts off the recap. Tasks without a change are not printed.
func ansibleTasks(output string) string {
	tasks, _, _ := strings.Cut(output, "PLAY RECAP")
	_, tasks, _ = strings.Cut(tasks, "TASK [")
	return tasks
}

// look asks a peer what differs.
func (m *machine) look(ctx context.Context, p peer) (string, error) {
	cmd, err := m.Command(ctx, p.argv...)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// Exit codes say too little: with differences some have 0, and some others.
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return "", fmt.Errorf("asking %s: %w", p.name, err)
	}
	found := p.differences(out.String())
	if found == "" && !cmd.ProcessState.Success() {
		return "", fmt.Errorf("%s failed with %s:\n%s", p.name, cmd.ProcessState, out.String())
	}
	return found, nil
}

// peerVersions are the first lines of what the peers say about their versions,
// without their names.
func (m *machine) peerVersions(ctx context.Context) (map[string]string, error) {
	versions := map[string]string{}
	for _, p := range peers {
		out, err := m.Output(ctx, p.version...)
		if err != nil {
			return nil, err
		}
		line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
		if _, after, ok := strings.Cut(line, "\t"); ok {
			line = after
		}
		versions[p.name] = strings.TrimPrefix(line, "hostler ")
	}
	return versions, nil
}
