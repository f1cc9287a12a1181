package scripts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

func encode(s Spec) ([]byte, error) {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the record of configuration %s: %w", s.Name, err)
	}
	return append(content, '\n'), nil
}

// recorded lists the configurations that hostler has applied on the host, by name. A
// field that this version does not know is passed over: a record of a newer
// hostler still says how to take its configuration back.
func recorded(v host.Files) ([]Spec, error) {
	names, err := v.ReadDir(recordFolder)
	// Where the state folder is a file the engine says so, before it changes anything.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var specs []Spec
	for _, file := range names {
		name, isRecord := strings.CutSuffix(file, ".json")
		if !isRecord || strings.HasPrefix(file, ".") {
			continue // a temporary file that a power loss left behind
		}
		content, err := v.ReadFile(path.Join(recordFolder, file))
		if err != nil {
			return nil, err
		}
		var spec Spec
		if err := json.Unmarshal(content, &spec); err != nil {
			return nil, unreadable(file, err)
		}
		if spec.Name != name {
			return nil, unreadable(file, fmt.Errorf("it is about %q", spec.Name))
		}
		if err := spec.validate(); err != nil {
			return nil, unreadable(file, err)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func unreadable(file string, err error) error {
	return fmt.Errorf("%s does not say how to take its configuration back: %w; take it back by hand and remove the file", path.Join(recordFolder, file), err)
}
