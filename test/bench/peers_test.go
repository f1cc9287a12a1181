package main

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// policyOf returns the policy files of each peer in one text.
func policyOf(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := fs.WalkDir(policies, "peers", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := policies.ReadFile(path)
		texts[strings.Split(path, "/")[1]] += string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(texts) != len(peers)-1 {
		t.Fatalf("there are policies of %d peers, want %d", len(texts), len(peers)-1)
	}
	return texts
}

func TestPoliciesNameTheWholeState(t *testing.T) {
	t.Parallel()
	for peer, policy := range policyOf(t) {
		for _, path := range keptFiles {
			if !strings.Contains(policy, path) {
				t.Errorf("the policy for %s does not hold %s", peer, path)
			}
		}
		for _, d := range drifts {
			if !strings.Contains(policy, d.named) {
				t.Errorf("the policy for %s does not name %s, which %s changes", peer, d.named, d.what)
			}
		}
	}
}

var placeholder = regexp.MustCompile(`@[A-Z0-9_]+@`)

func TestPoliciesHaveTheVersionsOfAllHeldPackages(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range heldPackages {
		known["@"+strings.ToUpper(name)+"@"] = true
	}
	for peer, policy := range policyOf(t) {
		found := map[string]bool{}
		for _, word := range placeholder.FindAllString(policy, -1) {
			found[word] = true
			if !known[word] {
				t.Errorf("the policy for %s has %s, which nothing fills in", peer, word)
			}
		}
		if len(found) != len(known) {
			t.Errorf("the policy for %s has the versions %v, want all of %v", peer, found, known)
		}
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		peer           string
		converged, not string
	}{
		"hostler": {
			"hostler",
			"Node worker-1 is as NodeGroup worker says, revision worker-dac340b9.\n",
			"files: update file:/etc/motd: 0600 root:root → 0644 root:root\n" +
				"Node worker-1 differs from NodeGroup worker, revision worker-dac340b9: `hostler apply` puts it right with 1 op, impact None.\n",
		},
		"bash":     {"bash", "", "/etc/motd: is 600:root:root\n"},
		"CFEngine": {"CFEngine", "", " warning: /etc/motd should have permissions 0644\n"},
		"Puppet": {
			"Puppet",
			"Notice: Compiled catalog for worker-1 in environment production in 0.82 seconds\nNotice: Applied catalog in 0.21 seconds\n",
			"Notice: /Stage[main]/Main/File[/etc/motd]/mode: current_value '0600', should be '0644' (noop)\n",
		},
		"Ansible": {
			"Ansible",
			"\nPLAY [Workers] ***\n\nPLAY RECAP ***\nlocalhost : ok=8 changed=0\n",
			"\nPLAY [Workers] ***\n\nTASK [Files] ***\nchanged: [localhost] => (item=/etc/motd)\n\nPLAY RECAP ***\nlocalhost : ok=8 changed=1\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range peers {
				if p.name != c.peer {
					continue
				}
				if got := p.differences(c.converged); got != "" {
					t.Errorf("on a converged machine: got %q, want nothing", got)
				}
				if got := p.differences(c.not); !strings.Contains(got, "/etc/motd") {
					t.Errorf("after a change: got %q, want /etc/motd named", got)
				}
			}
		})
	}
}

func TestOverlooked(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, d := range drifts[1:] {
		all.WriteString(d.named + "\n")
	}
	if got := overlooked("a peer", all.String()); len(got) != 1 || !strings.Contains(got[0].Error(), drifts[0].named) {
		t.Errorf("got %v, want %s alone", got, drifts[0].named)
	}
}
