package reboot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps/host"
)

// StampFile is where the last restart is noted.
const StampFile = host.DefaultStateDir + "/reboot.json"

// stamp is what is known of the last restart.
type stamp struct {
	// Boot is the boot that it brought.
	Boot string `json:"bootID"`
	// Stayed are the reasons that were there still right after it.
	Stayed []string `json:"stayed,omitempty"`
}

// stayedIn are the reasons for which there is to be no restart in a boot. In another boot somebody has
// restarted the machine since, so it is worth another try.
func (s stamp) stayedIn(boot string) []string {
	if s.Boot != boot {
		return nil
	}
	return s.Stayed
}

// readStamp reads the stamp. One that is not there or cannot be read tells of no restart: the guard against restarts for
// ever is then the approval that each of them needs.
func readStamp(v host.Files) stamp {
	var s stamp
	content, err := v.ReadFile(StampFile)
	if err != nil || json.Unmarshal(content, &s) != nil {
		return stamp{}
	}
	return s
}

func (s stamp) write(h host.Host) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the note of a restart: %w", err)
	}
	folder := path.Dir(StampFile)
	if _, err := h.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := h.Mkdir(folder, host.Attr{Mode: 0o700}); err != nil {
			return err
		}
	}
	return h.WriteFile(StampFile, append(content, '\n'), host.Attr{Mode: 0o600})
}
