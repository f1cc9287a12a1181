package op_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

var update = flag.Bool("update", false, "write golden files; the test fails all the same, so that they are looked at")

// samples has every kind with every field set, so that one that is lost in a
// journal is missed here.
func samples() map[string]steps.Op {
	attr := host.Attr{Mode: 0o640 | fs.ModeSetgid | fs.ModeSticky, UID: 4, GID: 5}
	shown := steps.Diff{Action: "update", From: "a", To: "b", Text: "-a\n+b\n", Notes: []string{"one", "two"}, Irreversible: "it is gone"}
	return map[string]steps.Op{
		"file":          op.File{Path: "/etc/a", Content: []byte("a\x00\xff\n"), Attr: attr, Cost: steps.Drain, Shown: shown},
		"restore":       op.Restore{Path: "/etc/a", Blob: strings.Repeat("0a", 32), Attr: attr, Cost: steps.Reload},
		"remove":        op.Remove{Path: "/etc/a/b", Dirs: []string{"/etc/a", "/etc"}, Cost: steps.Reboot},
		"directory":     op.Directory{Path: "/etc/a", Attr: attr, Shown: shown},
		"symlink":       op.Symlink{Path: "/etc/a", Target: "../b", From: "/c"},
		"sysctl":        op.Sysctl{Name: "net.ipv4.tcp_rmem", From: "1\t2\t3", To: "1 2 4"},
		"attribute":     op.Attribute{Path: "/sys/kernel/mm/ksm/run", From: "1", To: "0"},
		"module":        op.Module{Name: "overlay", Loaded: true},
		"swap":          op.Swap{Device: "/swap file", On: true},
		"unit-file":     op.UnitFile{Name: "a@b.service", State: "masked", From: "static", Under: "enabled"},
		"stop":          op.Stop{Unit: "a.timer", Cost: steps.Restart, Why: "not wanted"},
		"job":           op.Job{Unit: "a.service", Verb: host.JobRestart, Cost: steps.Restart, Why: "b changed"},
		"daemon-reload": op.DaemonReload{},
	}
}

func codec(t *testing.T) *op.Codec {
	t.Helper()
	c, err := op.NewCodec(op.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodec(t *testing.T) {
	t.Parallel()

	t.Run("has a sample of every kind with every field set", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(slices.Sorted(maps.Keys(op.Kinds())), slices.Sorted(maps.Keys(samples()))); diff != "" {
			t.Errorf("kinds (-known +sampled):\n%s", diff)
		}
		for kind, sample := range samples() {
			value := reflect.ValueOf(sample)
			for i := range value.NumField() {
				if value.Field(i).IsZero() {
					t.Errorf("%s: field %s of the sample is not set", kind, value.Type().Field(i).Name)
				}
			}
		}
	})

	for kind, sample := range samples() {
		t.Run("gives back a "+kind, func(t *testing.T) {
			t.Parallel()
			data, err := codec(t).Encode(sample)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.ContainsRune(data, '\n') {
				t.Errorf("got %q, want one line", data)
			}
			back, err := codec(t).Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample, back); diff != "" {
				t.Errorf("op (-before +after):\n%s", diff)
			}
		})
		t.Run("gives back an empty "+kind, func(t *testing.T) {
			t.Parallel()
			empty := op.Kinds()[kind]
			data, err := codec(t).Encode(empty)
			if err != nil {
				t.Fatal(err)
			}
			back, err := codec(t).Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(empty, back); diff != "" {
				t.Errorf("op (-before +after):\n%s", diff)
			}
		})
	}

	// A journal that an older version wrote must stay readable.
	t.Run("writes what released versions read", func(t *testing.T) {
		t.Parallel()
		const golden = "testdata/journal.golden"
		var got bytes.Buffer
		for _, kind := range slices.Sorted(maps.Keys(samples())) {
			data, err := codec(t).Encode(samples()[kind])
			if err != nil {
				t.Fatal(err)
			}
			got.Write(append(data, '\n'))
		}
		if *update {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Fatalf("%s was written: look at it, then run the test without -update", golden)
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatalf("%v: run the test with -update to write it", err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("journal (-want +got):\n%s", diff)
		}
	})
}

func TestCodecRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ data, want string }{
		"a kind of a newer version":  {`{"kind":"teleport","op":{}}`, `does not know kind "teleport"`},
		"a field of a newer version": {`{"kind":"module","op":{"name":"a","loaded":true,"force":true}}`, `unknown field "force"`},
		"a field of another type":    {`{"kind":"module","op":{"name":1}}`, `kind "module"`},
		"an impact that is none":     {`{"kind":"job","op":{"unit":"a","verb":"start","cost":"Free"}}`, `impact "Free" is not one of`},
		"half a line":                {`{"kind":"module","op":{"na`, "decoding op"},
		"nothing":                    {``, "decoding op"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := codec(t).Decode(json.RawMessage(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, %v, want an error that says %q", got, err, c.want)
			}
		})
	}

	t.Run("an op without a kind", func(t *testing.T) {
		t.Parallel()
		empty, err := op.NewCodec()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := empty.Encode(op.Module{}); err == nil || !strings.Contains(err.Error(), "op.Module has no kind") {
			t.Errorf("got %v, want an error that names the type", err)
		}
	})

	t.Run("two ops of one name, and one op of two names", func(t *testing.T) {
		t.Parallel()
		if _, err := op.NewCodec(op.Kinds(), map[string]steps.Op{"file": op.Module{}}); err == nil {
			t.Error("got no error for a name that is taken")
		}
		if _, err := op.NewCodec(op.Kinds(), map[string]steps.Op{"kmod": op.Module{}}); err == nil {
			t.Error("got no error for a type that has a name")
		}
	})
}
