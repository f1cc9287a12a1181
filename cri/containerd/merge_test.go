package containerd

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	_ "github.com/hostler-dev/hostler/steps/steptest" // its -update flag
)

// someSettings are what the node of a plain NodeGroup gets.
func someSettings(release string) Settings {
	parsed, err := ParseRelease(release)
	if err != nil {
		panic(err) //nolint:forbidigo // a mistake in the test itself
	}
	return Settings{
		Release: parsed, SandboxImage: "registry.example.com/pause:3.10", MaxConcurrentDownloads: 5,
		SystemdCgroup: true, BinDir: "/opt/cni/bin", ConfDir: "/etc/cni/net.d",
	}
}

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	if name == "" {
		return nil
	}
	content, err := os.ReadFile(filepath.Join("testdata/config", name+".toml"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestMergeRealFiles merges files as distributions and installers leave them.
// The golden files say what comes out, to the byte.
func TestMergeRealFiles(t *testing.T) {
	t.Parallel()
	cases := []struct {
		does, file, release string
	}{
		{"starts a file for 1.x in layout 2", "", "1.7"},
		{"starts a file for 2.0 in layout 3 with the single folder", "", "2.0"},
		{"starts a file for 2.1 in layout 3 with the list of folders", "", "2.1"},
		{"starts a file for 2.4 in layout 3", "", "2.4"},
		{"starts a file for an unknown release in layout 2", "", ""},
		{"moves Debian's folder of plugins and keeps its opt path", "debian", "1.6"},
		{"keeps Debian's layout under containerd 2", "debian", "2.1"},
		{"switches CRI on in Docker's file for 1.x", "docker", "1.7"},
		{"switches CRI on in Docker's file for 2.x", "docker", "2.1"},
		{"changes few keys of a complete file", "default-1.6", "1.6"},
		{"keeps mirrors, passwords and runtimes of an installer's file", "kubespray", "1.7"},
		{"moves version 1 to version 2", "version1", "1.4"},
		{"turns the one folder of version 3 into a list", "version3", "2.1"},
		{"keeps the one folder of version 3 for 2.0", "version3", "2.0"},
		{"keeps version 4 and a list that has our folder", "version4", "2.3"},
	}
	for _, c := range cases {
		t.Run(c.does, func(t *testing.T) {
			t.Parallel()
			merged, err := Merge(readTestdata(t, c.file), someSettings(c.release))
			if err != nil {
				t.Fatal(err)
			}
			if !merged.Changed {
				t.Error("got no change, want one")
			}
			compareGolden(t, fmt.Sprintf("testdata/merged/%s-%s.toml", or(c.file, "nothing"), or(c.release, "unknown")), merged.Content)
			again, err := Merge(merged.Content, someSettings(c.release))
			if err != nil {
				t.Fatal(err)
			}
			if again.Changed || !bytes.Equal(again.Content, merged.Content) {
				t.Errorf("merging once more must change nothing (-first +second):\n%s", cmp.Diff(string(merged.Content), string(again.Content)))
			}
		})
	}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(name)
	if err == nil && bytes.Equal(want, got) {
		return
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was written: look at it, then run the test without -update", name)
		return
	}
	t.Errorf("got another file than %s (%v) (-want +got):\n%s", name, err, cmp.Diff(string(want), string(got)))
}

func TestMergeLeavesAFileThatSaysItAllToTheByte(t *testing.T) {
	t.Parallel()
	file := []byte(`# by hand, in another order
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2' # as it comes
options = { SystemdCgroup = true }
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "/etc/cni/net.d"
bin_dir = "/opt/cni/bin"
[plugins."io.containerd.grpc.v1.cri"]
max_concurrent_downloads = 0x5
sandbox_image = "registry.example.com/pause:3.10"
`)
	// TOML does not let a plain key follow a table, so the version comes first.
	file = append([]byte("version = 2\n"), file...)
	merged, err := Merge(file, someSettings("1.7"))
	if err != nil {
		t.Fatal(err)
	}
	if merged.Changed || !bytes.Equal(merged.Content, file) {
		t.Errorf("got a rewritten file, want it as it was (-want +got):\n%s", cmp.Diff(string(file), string(merged.Content)))
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		file, release, want string
	}{
		"broken TOML, naming the line":              {"version = 2\n[plugins\n", "1.7", "line 2, column"},
		"a version that the containerd cannot read": {"version = 3", "1.7", "of version 3 and containerd 1.7 reads versions up to 2"},
		"a version that nobody knows":               {"version = 9", "2.4", "version 9, which hostler does not know"},
		"a version that is no number":               {`version = "2"`, "1.7", "version is 2 where a number should be"},
		"a containerd that is too old":              {"", "1.2", "older than 1.3"},
		"a value where a table should be":           {"version = 2\nplugins = 7", "1.7", "plugins is not a table but 7"},
		"an unknown plugin of version 1":            {"[plugins.mine]\na = 1", "1.7", `no plugin is known as "mine"`},
		"a plugin that is there in both versions":   {"[plugins.cri]\n[plugins.\"io.containerd.grpc.v1.cri\"]", "1.7", "is there as"},
		"an unknown plugin among the disabled":      {`disabled_plugins = ["cri", "mine"]`, "1.7", `disabled_plugins: no plugin is known as "mine"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Merge([]byte(c.file), someSettings(c.release))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestMergeOverlay(t *testing.T) {
	t.Parallel()
	type config = map[string]any
	both := config{
		"debug": config{"level": "warn"},
		"plugins": config{
			pluginCRI:     config{"restrict_oom_score_adj": true, "stream_server_port": "10010"},
			pluginRuntime: config{"restrict_oom_score_adj": true},
		},
	}
	cases := map[string]struct {
		overlay       config
		release, file string
		want          map[string]any // by the dotted path of the key, without quotes; nil: not there
		leftOut       []string
	}{
		"takes the tables of layout 2 on 1.7": {
			overlay: both, release: "1.7",
			want: config{"debug/level": "warn", "plugins/" + pluginCRI + "/restrict_oom_score_adj": true, "plugins/" + pluginRuntime: nil},
		},
		"takes the tables of layout 3 on 2.1, streaming included": {
			overlay: both, release: "2.1",
			want: config{
				"plugins/" + pluginRuntime + "/restrict_oom_score_adj": true,
				"plugins/" + pluginCRI + "/restrict_oom_score_adj":     nil, "plugins/" + pluginCRI + "/stream_server_port": "10010",
			},
		},
		"says what is for layout 3 alone on 1.7": {
			overlay: config{"plugins": config{pluginImages: config{"snapshotter": "native"}}}, release: "1.7",
			want: config{"plugins/" + pluginImages: nil}, leftOut: []string{`plugins."io.containerd.cri.v1.images"`},
		},
		"says what is for layout 2 alone on 2.1": {
			overlay: config{"plugins": config{pluginCRI: config{"enable_selinux": true}}}, release: "2.1",
			want: config{"plugins/" + pluginCRI: nil}, leftOut: []string{`plugins."io.containerd.grpc.v1.cri".enable_selinux`},
		},
		"says what version 4 no longer has": {
			overlay: config{"metrics": config{"address": ":1338"}, "debug": config{"level": "warn", "uid": int64(1)}}, release: "2.3", file: "version = 4",
			want: config{"metrics/address": nil, "debug/level": "warn", "debug/uid": nil}, leftOut: []string{"debug.uid", "metrics.address"},
		},
		"removes with null": {
			overlay: config{"debug": config{"level": nil}, "metrics": config{"address": nil}}, release: "1.7",
			file: "version = 2\n[debug]\nlevel = \"info\"\nuid = 3\n",
			want: config{"debug/level": nil, "debug/uid": int64(3), "metrics": nil},
		},
		"replaces lists and writes whole numbers and fractions as they are": {
			overlay: config{"imports": []any{"/etc/containerd/more.toml"}, "oom_score": int64(-999), "plugins": config{"io.containerd.gc.v1.scheduler": config{"pause_threshold": 0.5}}},
			release: "1.7", file: "version = 2\nimports = [\"/a\", \"/b\"]",
			want: config{"imports": []any{"/etc/containerd/more.toml"}, "oom_score": int64(-999), "plugins/io.containerd.gc.v1.scheduler/pause_threshold": 0.5},
		},
		"sets the driver of a runtime that the overlay brings": {
			overlay: config{"plugins": config{pluginCRI: config{"containerd": config{"runtimes": config{"crun": config{"runtime_type": shimV2}}}}}}, release: "1.7",
			want: config{"plugins/" + pluginCRI + "/containerd/runtimes/crun/options/SystemdCgroup": true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := someSettings(c.release)
			settings.Overlay = c.overlay
			merged, err := Merge([]byte(c.file), settings)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := parse(merged.Content)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range c.want {
				if diff := cmp.Diff(want, lookup(doc, strings.Split(path, "/")...)); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%s", path, diff, merged.Content)
				}
			}
			if diff := cmp.Diff(c.leftOut, merged.LeftOut); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeSetsTheCgroupDriver(t *testing.T) {
	t.Parallel()
	type config = map[string]any
	cases := map[string]struct{ file, want config }{
		"moves the shim that has no such option": {
			config{"runc": config{"runtime_type": shimLegacy}},
			config{"runc": config{"runtime_type": shimV2, "options": config{"SystemdCgroup": true}}},
		},
		"keeps the spelling that is there": {
			config{"runc": config{"runtime_type": shimV2, "options": config{"systemdCgroup": false}}},
			config{"runc": config{"runtime_type": shimV2, "options": config{"systemdCgroup": true}}},
		},
		"leaves one of two spellings": {
			config{"runc": config{"runtime_type": shimV2, "options": config{"SystemdCgroup": false, "systemdCgroup": true}}},
			config{"runc": config{"runtime_type": shimV2, "options": config{"systemdCgroup": true}}},
		},
		"leaves runtimes alone that are no runc": {
			config{"runc": config{"runtime_type": shimV1}, "gvisor": config{"runtime_type": "io.containerd.runsc.v1"}},
			config{"runc": config{"runtime_type": shimV1, "options": config{"SystemdCgroup": true}}, "gvisor": config{"runtime_type": "io.containerd.runsc.v1"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := []string{"plugins", pluginCRI, "containerd", "runtimes"}
			doc := config{"version": int64(2)}
			if err := set(doc, c.file, path...); err != nil {
				t.Fatal(err)
			}
			file, err := format(doc)
			if err != nil {
				t.Fatal(err)
			}
			merged, err := Merge(file, someSettings("1.7"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := parse(merged.Content)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(any(c.want), lookup(got, path...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMergeDoesNotChangeTheOverlay(t *testing.T) {
	t.Parallel()
	runtimes := map[string]any{"crun": map[string]any{"runtime_type": shimV2}}
	settings := someSettings("1.7")
	settings.Overlay = map[string]any{"plugins": map[string]any{pluginCRI: map[string]any{"containerd": map[string]any{"runtimes": runtimes}}}}
	if _, err := Merge(nil, settings); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"crun": map[string]any{"runtime_type": shimV2}}, runtimes); diff != "" {
		t.Errorf("the overlay is the caller's (-want +got):\n%s", diff)
	}
}

func FuzzMerge(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, byte(1), byte(7))
		f.Add(content, byte(2), byte(3))
	}
	f.Add([]byte("version = 2\nx = nan\n[[a]]\n[[a]]\nb = 1979-05-27T07:32:00Z\n"), byte(1), byte(6))
	f.Fuzz(func(t *testing.T, file []byte, major, minor byte) {
		settings := someSettings("")
		settings.Release = Release{Major: int(major), Minor: int(minor)}
		settings.Overlay = map[string]any{"debug": map[string]any{"level": "warn", "uid": nil}}
		first, err := Merge(file, settings)
		if err != nil {
			return
		}
		second, err := Merge(first.Content, settings)
		if err != nil {
			t.Fatalf("merging what came out: %v\nfile:\n%s\nmerged:\n%s", err, file, first.Content)
		}
		if second.Changed || !bytes.Equal(first.Content, second.Content) {
			t.Errorf("merging once more must change nothing (-first +second):\n%s", cmp.Diff(string(first.Content), string(second.Content)))
		}
	})
}
