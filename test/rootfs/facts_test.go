package rootfs_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/test/rootfs"
)

// TestFactsOfEveryTree is what `hostler facts --image --root DIR -o json` prints.
func TestFactsOfEveryTree(t *testing.T) {
	t.Parallel()
	for _, row := range distros.Table() {
		t.Run(row.Key(), func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "root")
			if err := rootfs.Write(row.Key(), folder); err != nil {
				t.Fatal(err)
			}
			node, err := machine.Open(machine.Config{Root: folder, Image: true})
			if err != nil {
				t.Fatal(err)
			}
			defer node.Close()
			facts, err := node.Facts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(facts)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Node   string `json:"node"`
				Distro struct {
					ID             string `json:"id"`
					Family         string `json:"family"`
					PackageManager string `json:"packageManager"`
					Supported      bool   `json:"supported"`
				} `json:"distro"`
			}
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			want := got
			want.Node, want.Distro.ID, want.Distro.Supported = "sample", row.ID, row.Supported
			want.Distro.Family, want.Distro.PackageManager = string(row.Family), string(row.PackageManager)
			if got != want {
				t.Errorf("got %+v want %+v", got, want)
			}
		})
	}
}
