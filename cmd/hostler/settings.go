package main

import (
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/steps"
)

// settings are the flags that commands share.
type settings struct {
	file     string
	output   string
	level    string
	logLevel zapcore.Level // level, checked

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

// register adds the flags of all commands.
func (s *settings) register(flags *pflag.FlagSet) {
	flags.StringVar(&s.file, "settings", defaultSettingsFile, "`file` with values for these flags, as YAML")
	flags.StringVarP(&s.output, "output", "o", "text", "`format` of what is printed: text or json")
	flags.StringVar(&s.level, "log-level", "warn", "least `level` of the log on stderr: debug, info, warn or error")
	flags.StringVar(&s.root, "root", "/", "root `folder` of the host")
	flags.BoolVar(&s.image, "image", false, "the root is an image that is not running: no kernel, no services, files and links only")
	flags.BoolVar(&s.allowUnsupported, "allow-unsupported-distro", false, "treat a distribution that hostler does not know as its nearest relative")
}

// registerNode adds the flags of commands that need a NodeGroup.
func (s *settings) registerNode(flags *pflag.FlagSet) {
	flags.StringVarP(&s.group, "file", "f", "", "`file` with the NodeGroup; - is stdin")
	flags.StringVar(&s.nodeName, "node-name", "", "`name` of the node in the cluster (default: the host name)")
	flags.StringVar(&s.apiServer, "api-server", "", "`URL` of the API server that a new node joins")
	flags.StringVar(&s.caFile, "ca-file", "", "`file` on the host with the cluster's CA certificate, for joining")
	flags.StringVar(&s.tokenFile, "token-file", "", "`file` on the host with the bootstrap token, for joining")
}

// registerRun adds the flags of commands that change the host.
func (s *settings) registerRun(flags *pflag.FlagSet) {
	s.registerImpact(flags)
	flags.DurationVar(&s.healthTimeout, "health-timeout", 5*time.Minute, "how long services and node may take to be healthy after the changes")
}

// registerImpact adds the ceiling.
func (s *settings) registerImpact(flags *pflag.FlagSet) {
	flags.StringVar(&s.maxImpact, "max-impact", steps.Reboot.String(), "highest `impact` that is allowed: None, Reload, Restart, Drain or Reboot")
}

// complete fills flags that were not given from the environment, then from the
// settings file, and checks what all commands need.
func (s *settings) complete(cmd *cobra.Command) error {
	if err := fromEnvironment(cmd.Flags()); err != nil {
		return err
	}
	if err := fromFile(cmd, s.file); err != nil {
		return err
	}
	if s.output != "text" && s.output != "json" {
		return usage("--output %q is not one of text, json", s.output)
	}
	var err error
	if s.logLevel, err = zapcore.ParseLevel(s.level); err != nil {
		return usage("--log-level: %w", err)
	}
	if s.image && filepath.Clean(s.root) == "/" {
		return usage("--image needs --root: the running system is no image")
	}
	return nil
}

// logger writes to stderr, so that stdout stays data.
func (s *settings) logger(stderr io.Writer) *zap.Logger {
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.RFC3339TimeEncoder
	encoding.EncodeDuration = zapcore.StringDurationEncoder
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(encoding), zapcore.AddSync(stderr), s.logLevel))
}

// node are the settings as the loop without a cluster takes them.
func (s *settings) node() machine.Config {
	return machine.Config{
		Root: s.root, Image: s.image, NodeName: s.nodeName, AllowUnsupported: s.allowUnsupported,
		Join: machine.Join{APIServer: s.apiServer, CAFile: s.caFile, TokenFile: s.tokenFile},
	}
}
