package containerd

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckOverlayNamesEveryOwnedKey(t *testing.T) {
	t.Parallel()
	for _, owned := range OwnedKeys() {
		overlay := map[string]any{}
		path := make([]string, len(owned.Path))
		for i, key := range owned.Path {
			path[i] = key
			if key == anyKey {
				path[i] = "runc"
			}
		}
		if err := set(overlay, "x", path...); err != nil {
			t.Fatal(err)
		}
		var got *OwnedKeyError
		if err := CheckOverlay(overlay); !errors.As(err, &got) {
			t.Errorf("%s: got %v, want an OwnedKeyError", owned, err)
			continue
		}
		if diff := cmp.Diff(path, got.Path); diff != "" {
			t.Errorf("%s (-want +got):\n%s", owned, diff)
		}
	}
}

// TestMergeSetsOwnedKeysOnly holds the list of owned keys to what Merge does: a
// key that Merge sets and that an overlay may set too would have two masters.
func TestMergeSetsOwnedKeysOnly(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"", "version = 4"} {
		for _, release := range []string{"1.7", "2.0", "2.1", "2.4"} {
			if file != "" && release != "2.4" {
				continue
			}
			merged, err := Merge([]byte(file), someSettings(release))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := parse(merged.Content)
			if err != nil {
				t.Fatal(err)
			}
			for _, owned := range OwnedKeys() {
				for _, path := range find(doc, owned.Path, nil) {
					parent, err := subtable(doc, path[:len(path)-1]...)
					if err != nil {
						t.Fatal(err)
					}
					delete(parent, path[len(path)-1])
				}
			}
			// The type is set only where the file has none, so an overlay may bring its own.
			for _, plugin := range []string{pluginCRI, pluginRuntime} {
				if runc, ok := lookup(doc, "plugins", plugin, "containerd", "runtimes", "runc").(table); ok {
					delete(runc, "runtime_type")
				}
			}
			if left := leaves(doc); len(left) > 0 {
				t.Errorf("%s: Merge sets %v, want only owned keys", release, left)
			}
		}
	}
}

// leaves lists the keys that hold values.
func leaves(doc table, at ...string) []string {
	var found []string
	for _, key := range sortedKeys(doc) {
		path := append(at[:len(at):len(at)], key)
		if under, ok := doc[key].(table); ok {
			found = append(found, leaves(under, path...)...)
			continue
		}
		found = append(found, dotted(path))
	}
	return found
}

func TestCheckOverlay(t *testing.T) {
	t.Parallel()
	type config = map[string]any
	cases := map[string]struct {
		overlay config
		want    []string
	}{
		"accepts nothing at all": {overlay: nil},
		"accepts keys that are nobody's": {overlay: config{
			"debug": config{"level": "warn"}, "disabled_plugins": []any{"io.containerd.snapshotter.v1.zfs"},
			"plugins": config{pluginCRI: config{"enable_selinux": true, "cni": config{"max_conf_num": int64(2)}}},
		}},
		"refuses to switch CRI off":       {overlay: config{"disabled_plugins": []any{pluginCRI}}, want: []string{"disabled_plugins is set by hostler itself"}},
		"refuses a short name of plugins": {overlay: config{"plugins": config{"cri": config{}}}, want: []string{`plugins.cri: write the plugin's full id`}},
		"refuses in any case": {
			overlay: config{"plugins": config{pluginCRI: config{"containerd": config{"runtimes": config{"crun": config{"options": config{"systemdCgroup": true}}}}}}},
			want:    []string{`runtimes.crun.options.systemdCgroup is set by hostler itself; use instead: spec.cri.containerd.cgroupDriver`},
		},
		"names all at once": {
			overlay: config{"version": nil, "grpc": config{"address": "/x"}},
			want:    []string{"version is set", "grpc.address is set"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckOverlay(c.overlay)
			if len(c.want) == 0 {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
				return
			}
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}
