package docker

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func someSettings() settings {
	return settings{logMaxSize: "10m", logMaxFile: 5, liveRestore: true, downloads: 3, driver: systemd, ownDriver: systemd}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	const said = "{\n  \"log-opts\": {\n    \"max-file\": \"5\",\n    \"max-size\": \"10m\"\n  },\n  \"live-restore\": true\n}\n"
	cases := map[string]struct {
		file, want string
		change     func(*settings)
		changed    []string
	}{
		"writes only what is not Docker's default": {file: "", want: said, changed: []string{"log-opts", "live-restore"}},
		"leaves a file that says it all to the byte": {
			file: `{"live-restore":true ,"log-driver":"json-file","log-opts":{"max-size":"10M","max-file":"5"}}`,
			want: `{"live-restore":true ,"log-driver":"json-file","log-opts":{"max-size":"10M","max-file":"5"}}`,
		},
		"keeps order, spelling and indent of the others": {
			file:    "{\n\t\"bip\" : \"172.30.0.1/16\",\n\t\"live-restore\": false,\n\t\"default-address-pools\": [{\"base\":\"10.1.0.0/16\",\n\t  \"size\":24}]\n}\n",
			want:    "{\n\t\"bip\": \"172.30.0.1/16\",\n\t\"live-restore\": true,\n\t\"default-address-pools\": [{\"base\":\"10.1.0.0/16\",\n\t  \"size\":24}],\n\t\"log-opts\": {\n\t\t\"max-file\": \"5\",\n\t\t\"max-size\": \"10m\"\n\t}\n}\n",
			changed: []string{"log-opts", "live-restore"},
		},
		"keeps options of the same log driver": {
			file:    "{\n  \"log-opts\": {\"labels\": \"a\", \"max-size\": \"1m\"},\n  \"live-restore\": true\n}\n",
			want:    "{\n  \"log-opts\": {\n    \"labels\": \"a\",\n    \"max-file\": \"5\",\n    \"max-size\": \"10m\"\n  },\n  \"live-restore\": true\n}\n",
			changed: []string{"log-opts"},
		},
		"drops options that json-file does not know": {
			file:    "{\n  \"log-driver\": \"gelf\",\n  \"log-opts\": {\"gelf-address\": \"udp://1.2.3.4:5\", \"tag\": \"t\", \"max-size\": \"10m\", \"max-file\": \"5\"},\n  \"live-restore\": true\n}\n",
			want:    "{\n  \"log-driver\": \"json-file\",\n  \"log-opts\": {\n    \"max-file\": \"5\",\n    \"max-size\": \"10m\",\n    \"tag\": \"t\"\n  },\n  \"live-restore\": true\n}\n",
			changed: []string{"log-driver", "log-opts"},
		},
		"sets the driver among other options": {
			file: "{\n  \"exec-opts\": [\"a=b\", \"native.cgroupdriver=cgroupfs\"]\n}\n", change: func(s *settings) { s.liveRestore, s.logMaxSize = false, "10m" },
			want:    "{\n  \"exec-opts\": [\n    \"a=b\",\n    \"native.cgroupdriver=systemd\"\n  ],\n  \"log-opts\": {\n    \"max-file\": \"5\",\n    \"max-size\": \"10m\"\n  }\n}\n",
			changed: []string{"log-opts", "exec-opts"},
		},
		"writes the driver where it is not Docker's own": {
			file: said, change: func(s *settings) { s.ownDriver = cgroupfs },
			want:    strings.Replace(said, "true\n", "true,\n  \"exec-opts\": [\n    \"native.cgroupdriver=systemd\"\n  ]\n", 1),
			changed: []string{"exec-opts"},
		},
		"sets mirrors and downloads": {
			file: said, change: func(s *settings) { s.registryMirrors, s.downloads = []string{"https://m.example.com"}, 10 },
			want:    strings.Replace(said, "true\n", "true,\n  \"max-concurrent-downloads\": 10,\n  \"registry-mirrors\": [\n    \"https://m.example.com\"\n  ]\n", 1),
			changed: []string{"max-concurrent-downloads", "registry-mirrors"},
		},
		"takes a mirror with dockerd's slash for the same": {
			file:   `{"registry-mirrors":["https://m.example.com/"],"live-restore":true,"log-opts":{"max-size":"10m","max-file":"5"}}`,
			want:   `{"registry-mirrors":["https://m.example.com/"],"live-restore":true,"log-opts":{"max-size":"10m","max-file":"5"}}`,
			change: func(s *settings) { s.registryMirrors = []string{"https://m.example.com"} },
		},
		"takes an empty file for one without keys": {file: " \n", want: said, changed: []string{"log-opts", "live-restore"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := someSettings()
			if c.change != nil {
				c.change(&s)
			}
			got, err := merge([]byte(c.file), s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got.content)); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.changed, got.changed); diff != "" {
				t.Errorf("changed keys (-want +got):\n%s", diff)
			}
			again, err := merge(got.content, s)
			if err != nil || len(again.changed) > 0 {
				t.Errorf("merging once more: got changes in %v, %v, want none", again.changed, err)
			}
		})
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"{\n\"a\": }":          "line 2: invalid character '}'",
		`["a"]`:                "cannot unmarshal array",
		`{"a":1,"a":2}`:        `key "a" is there twice`,
		`{"live-restore":"x"}`: "live-restore: json: cannot unmarshal string into Go value of type bool; dockerd does not start with it either",
	} {
		if _, err := merge([]byte(file), someSettings()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", file, err, want)
		}
	}
}

func FuzzMerge(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":[1,{"b":null}],"log-opts":{"max-size":"1m"}}`, "{\n\t\"x\": \"\\u00e9\"}", `{"exec-opts":["native.cgroupdriver=x"]}`, `{"":0}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s := someSettings()
		s.registryMirrors, s.ownDriver = []string{"https://m.example.com"}, cgroupfs
		first, err := merge(file, s)
		if err != nil {
			return
		}
		second, err := merge(first.content, s)
		if err != nil || len(second.changed) > 0 {
			t.Fatalf("merging what came out: got changes in %v, %v\nfile:\n%s\nmerged:\n%s", second.changed, err, file, first.content)
		}
		var before, after map[string]any
		_ = json.Unmarshal(file, &before) // an empty file has no keys
		if err := json.Unmarshal(first.content, &after); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"log-driver", "log-opts", "live-restore", "exec-opts", "registry-mirrors", "max-concurrent-downloads"} {
			delete(before, key)
			delete(after, key)
		}
		if len(before)+len(after) > 0 && !cmp.Equal(before, after) {
			t.Errorf("keys of others (-before +after):\n%s", cmp.Diff(before, after))
		}
	})
}
