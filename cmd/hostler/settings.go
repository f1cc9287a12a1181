package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.yaml.in/yaml/v3"

	"github.com/hostler-dev/hostler/agent/standalone"
	"github.com/hostler-dev/hostler/steps"
)

// defaultSettingsFile need not exist; one that is named must.
const defaultSettingsFile = "/etc/hostler/agent.yaml"

// settings are the flags that commands share.
type settings struct {
	file   string
	output string
	level  string

	group            string // NodeGroup file
	root             string
	image            bool
	nodeName         string
	apiServer        string
	caFile           string
	tokenFile        string
	allowUnsupported bool
	maxImpact        string
	healthTimeout    time.Duration
}

func (s *settings) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.file, "settings", defaultSettingsFile, "file with values for these flags, as YAML")
	flags.StringVarP(&s.output, "output", "o", "text", "what is printed: text or json")
	flags.StringVar(&s.level, "log-level", "warn", "least level of the log on stderr: debug, info, warn, error")
	flags.StringVar(&s.root, "root", "/", "root folder of the host")
	flags.BoolVar(&s.image, "image", false, "the root is an image that is not running: no kernel, no services, files and links only")
	flags.BoolVar(&s.allowUnsupported, "allow-unsupported-distro", false, "treat a distribution that hostler does not know as its nearest relative")
}

// registerNode adds the flags of commands that need a NodeGroup.
func (s *settings) registerNode(flags *pflag.FlagSet) {
	flags.StringVarP(&s.group, "file", "f", "", "file with the NodeGroup; - is stdin")
	flags.StringVar(&s.nodeName, "node-name", "", "name of the node in the cluster (default: the host name)")
	flags.StringVar(&s.apiServer, "api-server", "", "URL of the API server that a new node joins")
	flags.StringVar(&s.caFile, "ca-file", "", "file on the host with the cluster's CA certificate, for joining")
	flags.StringVar(&s.tokenFile, "token-file", "", "file on the host with the bootstrap token, for joining")
}

// registerRun adds the flags of commands that change the host.
func (s *settings) registerRun(flags *pflag.FlagSet) {
	flags.StringVar(&s.maxImpact, "max-impact", steps.Reboot.String(), "highest impact that is allowed: None, Reload, Restart, Drain or Reboot")
	flags.DurationVar(&s.healthTimeout, "health-timeout", 5*time.Minute, "how long services and node may take to be healthy after the changes")
}

// complete fills flags that were not given from the environment, then from the
// settings file, and checks what all commands need.
func (s *settings) complete(cmd *cobra.Command) error {
	if err := s.fromEnvironment(cmd.Flags()); err != nil {
		return err
	}
	if err := s.fromFile(cmd); err != nil {
		return err
	}
	if s.output != "text" && s.output != "json" {
		return usage("--output %q is not one of text, json", s.output)
	}
	if s.image && filepath.Clean(s.root) == "/" {
		return usage("--image needs --root: the running system is no image")
	}
	return nil
}

func (s *settings) fromEnvironment(flags *pflag.FlagSet) error {
	var failures []error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "HOSTLER_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || flag.Changed {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failures = append(failures, usage("%s=%q: %w", name, value, err))
		}
	})
	return errors.Join(failures...)
}

func (s *settings) fromFile(cmd *cobra.Command) error {
	content, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) && s.file == defaultSettingsFile {
		return nil
	}
	if err != nil {
		return usage("reading the settings: %w", err)
	}
	var lines yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(content)).Decode(&lines); err != nil && len(bytes.TrimSpace(content)) > 0 {
		return usage("%s: %w", s.file, err)
	}
	if len(lines.Content) == 0 {
		return nil
	}
	top := lines.Content[0]
	if top.Kind != yaml.MappingNode {
		return usage("%s:%d: settings are lines of the form \"flag: value\"", s.file, top.Line)
	}
	var failures []error
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if err := setFromFile(cmd, key.Value, value.Value); err != nil {
			failures = append(failures, usage("%s:%d:%d: %w", s.file, key.Line, key.Column, err))
		}
	}
	return errors.Join(failures...)
}

// setFromFile sets a flag that this command has. A line for a flag of another
// command is fine: the file serves them all.
func setFromFile(cmd *cobra.Command, name, value string) error {
	flag := cmd.Flags().Lookup(name)
	if flag == nil {
		if knownElsewhere(cmd.Root(), name) {
			return nil
		}
		return fmt.Errorf("%s: there is no such setting", name)
	}
	if flag.Changed {
		return nil
	}
	if err := cmd.Flags().Set(name, value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func knownElsewhere(root *cobra.Command, name string) bool {
	for _, cmd := range root.Commands() {
		if cmd.Flags().Lookup(name) != nil {
			return true
		}
	}
	return false
}

// logger writes to the command's stderr, so that stdout stays data.
func (s *settings) logger(cmd *cobra.Command) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(s.level)
	if err != nil {
		return nil, usage("--log-level: %w", err)
	}
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.RFC3339TimeEncoder
	encoding.EncodeDuration = zapcore.StringDurationEncoder
	core := zapcore.NewCore(zapcore.NewConsoleEncoder(encoding), zapcore.AddSync(cmd.ErrOrStderr()), level)
	return zap.New(core), nil
}

// node are the settings as the loop without a cluster takes them.
func (s *settings) node() standalone.Config {
	return standalone.Config{
		Root: s.root, Image: s.image, NodeName: s.nodeName, AllowUnsupported: s.allowUnsupported,
		Join: standalone.Join{APIServer: s.apiServer, CAFile: s.caFile, TokenFile: s.tokenFile},
	}
}
