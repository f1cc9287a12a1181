package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// defaultSettingsFile need not exist; one that is named must.
const defaultSettingsFile = "/etc/hostler/agent.yaml"

// onlyFlags make no sense in the settings file.
var onlyFlags = map[string]bool{"settings": true, "help": true}

// variable is the environment variable of a flag.
func variable(flag string) string {
	return "HOSTLER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets flags that the command line does not.
func fromEnvironment(flags *pflag.FlagSet) error {
	var failures []error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := variable(flag.Name)
		value, ok := os.LookupEnv(name)
		if !ok || flag.Changed || flag.Name == "help" {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failures = append(failures, usage("%s=%q: %w", name, value, err))
		}
	})
	return errors.Join(failures...)
}

// fromFile sets flags that neither the command line nor the environment does.
func fromFile(cmd *cobra.Command, name string) error {
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && name == defaultSettingsFile {
		return nil
	}
	if err != nil {
		return usage("reading the settings: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return usage("%s: %w", name, err)
	}
	if len(document.Content) == 0 {
		return nil
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		return usage("%s:%d:%d: settings are lines of the form \"flag: value\"", name, top.Line, top.Column)
	}
	// The flags that are set now win over the file.
	fixed := map[string]bool{}
	cmd.Flags().Visit(func(flag *pflag.Flag) { fixed[flag.Name] = true })
	var failures []error
	seen := map[string]int{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		err := checkLine(cmd.Root(), key, value, seen)
		if err == nil && !fixed[key.Value] && cmd.Flags().Lookup(key.Value) != nil {
			err = cmd.Flags().Set(key.Value, value.Value)
		}
		if err != nil {
			failures = append(failures, usage("%s:%d:%d: %s: %w", name, key.Line, key.Column, key.Value, err))
		}
	}
	return errors.Join(failures...)
}

// checkLine finds what is wrong with a line of the settings file. A line for a
// flag of another command is fine: the file serves them all. seen holds the lines
// of the settings so far.
func checkLine(root *cobra.Command, key, value *yaml.Node, seen map[string]int) error {
	first, again := seen[key.Value]
	seen[key.Value] = key.Line
	switch {
	case onlyFlags[key.Value]:
		return errors.New("it can be given on the command line or in the environment only")
	case !isFlag(root, key.Value):
		return errors.New("there is no such setting")
	case again:
		return fmt.Errorf("line %d sets it already", first)
	case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
		return errors.New("want one value on the same line")
	}
	return nil
}

// isFlag tells whether any command has the flag.
func isFlag(root *cobra.Command, name string) bool {
	if root.PersistentFlags().Lookup(name) != nil {
		return true
	}
	for _, cmd := range root.Commands() {
		if cmd.Flags().Lookup(name) != nil {
			return true
		}
	}
	return false
}
