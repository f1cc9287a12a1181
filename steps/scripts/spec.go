package scripts

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

const (
	// DefaultTimeout bounds each script of a configuration that does not say.
	DefaultTimeout = 5 * time.Minute
	// MaxCheckTimeout bounds check, because plans wait for it.
	MaxCheckTimeout = time.Minute
	// longestName is what Kubernetes allows a label, and a file name easily holds.
	longestName = 63
)

// Where things are.
const (
	recordFolder = host.DefaultStateDir + "/configurations"
	outputFolder = host.DefaultStateDir + "/output"
	scriptFolder = host.DefaultStateDir + "/scripts"
)

// Spec is one configuration on one machine. It is also what a record holds.
type Spec struct {
	// Name is that of the NodeGroupConfiguration, and part of file names.
	Name string `json:"name"`
	// Check exits with 0 where nothing is left to do, Apply does what is left, and
	// Undo takes back what Apply did; empty: it cannot be taken back.
	Check string `json:"check"`
	Apply string `json:"apply"`
	Undo  string `json:"undo,omitempty"`
	// Impact is what Apply and Undo cost the workloads.
	Impact steps.Impact `json:"impact"`
	// Optional: its failure is its own.
	Optional bool `json:"optional,omitempty"`
	// Timeout bounds each script; zero: DefaultTimeout. Check never gets more than
	// MaxCheckTimeout.
	Timeout time.Duration `json:"timeout,omitempty"`
	// NodeName is HOSTLER_NODE_NAME in the scripts' environment.
	NodeName string `json:"nodeName,omitempty"`
}

// validate finds what is wrong with the spec by itself, all at once.
func (s Spec) validate() error {
	var problems []error
	if s.Name == "" || len(s.Name) > longestName || path.Base(s.Name) != s.Name || strings.HasPrefix(s.Name, ".") {
		problems = append(problems, fmt.Errorf("name %q cannot be part of a file name: want a name of at most %d letters", s.Name, longestName))
	}
	for what, script := range map[string]string{"check": s.Check, "apply": s.Apply} {
		if script == "" {
			problems = append(problems, fmt.Errorf("there is no %s", what))
		}
	}
	for _, script := range []struct{ what, content string }{{"check", s.Check}, {"apply", s.Apply}, {"undo", s.Undo}} {
		if _, err := host.Interpreter(script.content); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", script.what, err))
		}
	}
	if s.Timeout < 0 {
		problems = append(problems, fmt.Errorf("timeout %s is below 0", s.Timeout))
	}
	return errors.Join(problems...)
}

func (s Spec) timeout() time.Duration {
	if s.Timeout == 0 {
		return DefaultTimeout
	}
	return s.Timeout
}

// check is Check as the host runs it.
func (s Spec) check() host.Script {
	return host.Script{Content: s.Check, NodeName: s.NodeName, Timeout: min(s.timeout(), MaxCheckTimeout)}
}

// OutputPath is the file on the host with what a configuration's apply or undo
// printed last; only root may read it.
func OutputPath(name string) string { return path.Join(outputFolder, name+".log") }

func recordPath(name string) string { return path.Join(recordFolder, name+".json") }
