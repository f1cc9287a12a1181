//go:build cluster

package faults

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// groupFile is where a machine's NodeGroup is.
const groupFile = "/root/group.yaml"

// patience bounds a command of hostler in a machine. A fault that makes hostler
// wait for ever must fail its own test and not the whole package.
const patience = 3 * time.Minute

// machine is a node with hostler on it.
type machine struct{ *cluster.Node }

// bare boots a machine that has a package mirror and hostler, and nothing else.
func bare(t *testing.T, name string) machine {
	t.Helper()
	node, err := shared.Node(t.Context(), cluster.NodeConfig{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.PowerCut(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(
		bed.Mirror(t.Context(), shared, node),
		node.CopyIn(t.Context(), binary, "/usr/local/bin/hostler"),
	); err != nil {
		t.Fatal(err)
	}
	return machine{node}
}

// prepared boots a machine that is as an empty NodeGroup says, with containerd
// running, so that what a test wishes for is all that there is to do.
func prepared(t *testing.T, name string) machine {
	t.Helper()
	m := bare(t, name)
	m.wish(t, "{}")
	m.apply(t).want(t, 0, "Done: run 1")
	return m
}

// wish writes the machine's NodeGroup, from its spec as YAML.
func (m machine) wish(t *testing.T, spec string) {
	t.Helper()
	text := "apiVersion: hostler.dev/v1alpha1\nkind: NodeGroup\nmetadata:\n  name: faults\nspec:\n"
	if spec = strings.Trim(spec, "\n"); spec == "{}" {
		text = strings.TrimSuffix(text, "\n") + " {}\n"
	} else {
		text += "  " + strings.ReplaceAll(spec, "\n", "\n  ") + "\n"
	}
	if err := m.WriteFile(t.Context(), groupFile, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sh runs a script in the machine and returns what it prints.
func (m machine) sh(t *testing.T, script string) string {
	t.Helper()
	out, err := m.Shell(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// afterwards runs a script in the machine when the test ends, to take a fault away.
func (m machine) afterwards(t *testing.T, script string) {
	t.Helper()
	t.Cleanup(func() {
		if _, err := m.Shell(context.WithoutCancel(t.Context()), script); err != nil {
			t.Errorf("taking the fault away: %v", err)
		}
	})
}

// answer is what a command said and how it ended.
type answer struct {
	machine machine
	command string
	code    int
	said    string // standard output and standard error, as they came
	took    time.Duration
}

// apply runs hostler apply for the machine's NodeGroup.
func (m machine) apply(t *testing.T, flags ...string) answer {
	t.Helper()
	return m.command(t, append([]string{"hostler", "apply", "-f", groupFile}, flags...)...)
}

// verify runs hostler verify for the machine's NodeGroup.
func (m machine) verify(t *testing.T) answer {
	t.Helper()
	return m.command(t, "hostler", "verify", "-f", groupFile)
}

// command runs a program in the machine; no exit code is an error yet.
func (m machine) command(t *testing.T, argv ...string) answer {
	t.Helper()
	return m.begin(t, argv...).end(t)
}

// process is a program that runs in the machine.
type process struct {
	machine machine
	cmd     *exec.Cmd
	said    *transcript
	begun   time.Time
}

// transcript takes what a program says and can be read while it does.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// begin starts a program in the machine.
func (m machine) begin(t *testing.T, argv ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	p := &process{machine: m, said: &transcript{}, begun: time.Now()}
	var err error
	if p.cmd, err = m.Command(ctx, argv...); err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.said, p.said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Args = argv // for messages, without the way into the machine
	return p
}

// end waits for the end of the program.
func (p *process) end(t *testing.T) answer {
	t.Helper()
	err := p.cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return answer{
		machine: p.machine, command: strings.Join(p.cmd.Args, " "), code: p.cmd.ProcessState.ExitCode(),
		said: p.said.String(), took: time.Since(p.begun),
	}
}

// says waits until the program has said a text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(time.Minute)
	for !strings.Contains(p.said.String(), text) {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatalf("waited a minute for %q, got\n%s\n%s", text, p.said, p.machine.evidence())
		}
	}
}

// want checks the exit code, and that all the texts were said.
func (a answer) want(t *testing.T, code int, texts ...string) answer {
	t.Helper()
	var wrong []string
	if a.code != code {
		wrong = append(wrong, fmt.Sprintf("exit code: got %d want %d", a.code, code))
	}
	for _, text := range texts {
		if !strings.Contains(a.said, text) {
			wrong = append(wrong, fmt.Sprintf("want it to say %q", text))
		}
	}
	if len(wrong) > 0 {
		t.Fatalf("%s, after %s:\n%s\nit said:\n%s\n%s", a.command, a.took, strings.Join(wrong, "\n"), a.said, a.machine.evidence())
	}
	return a
}

// evidence is what a person would look at first after a failure.
func (m machine) evidence() string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	// What it is about is in the text; how it ended as well.
	out, _ := m.Output(ctx, "sh", "-c", `hostler history --ops 2>&1 | head -60
echo "systemd:"; systemctl --failed --no-legend --plain; journalctl --no-pager -b -n 30 -o cat 2>&1; exit 0`)
	return "hostler history --ops:\n" + out
}

// state is the machine as far as hostler may change it: configuration with
// modes, owners and contents, packages, lists of repositories, unit files, what runs.
// What containerd and the kubelet make by themselves when they first run is left out.
const state = `
leave='( -path /etc/.pwd.lock -o -path /etc/cni -o -path /opt/containerd -o -path /etc/kubernetes ) -prune'
find /etc /opt $leave -o -printf '%p %y %m %u:%g %l\n' | sort
find /etc /opt $leave -o -type f -exec sha256sum {} + | sort -k 2
dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}\n'
apt-mark showauto | sed 's/^/auto /'
ls --hide=lock --hide=partial --hide=auxfiles /var/lib/apt/lists | sed 's/^/list /'
systemctl list-unit-files --no-legend --plain --state=enabled,masked
systemctl list-units --no-legend --plain --type=service --state=running | awk '{print "running", $1}'
cat /proc/sys/net/ipv4/ip_forward
`

// look returns the machine's state.
func (m machine) look(t *testing.T) []string {
	t.Helper()
	return strings.Split(m.sh(t, state), "\n")
}

// wantAsBefore checks that the machine is as it was when looked at.
func (m machine) wantAsBefore(t *testing.T, before []string) {
	t.Helper()
	if diff := cmp.Diff(before, m.look(t)); diff != "" {
		t.Errorf("the machine must be as before (-before +after):\n%s\n%s", diff, m.evidence())
	}
}

// reach waits in the machine until a condition, a shell command, holds.
func (m machine) reach(t *testing.T, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := m.Shell(ctx, "until "+condition+"; do sleep 0.02; done 2>/dev/null"); err != nil {
		t.Fatalf("waiting until %s: %v\n%s", condition, err, m.evidence())
	}
}
