package docker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// settings are what merge brings into daemon.json.
type settings struct {
	logMaxSize      string
	logMaxFile      int
	liveRestore     bool
	downloads       int
	registryMirrors []string
	// driver is "systemd" or "cgroupfs", ownDriver what dockerd takes where the file
	// says nothing; empty: not known.
	driver, ownDriver string
}

// merged is a daemon.json after a merge.
type merged struct {
	content []byte
	// changed are the keys of which dockerd would read something else.
	changed []string
	// keys are all keys of the file.
	keys []string
}

// driverOption begins the entry of exec-opts with the cgroup driver.
const driverOption = "native.cgroupdriver="

// jsonFileOptions are the options of the log driver json-file; dockerd does not
// start containers with one that a driver does not know (moby/moby
// daemon/logger/jsonfilelog, ValidateLogOpt, and those of the log cache).
var jsonFileOptions = []string{"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size"}

// merge brings the settings into an existing file; nil is a file that is not there.
// Merging what came out once more changes nothing.
func merge(existing []byte, s settings) (merged, error) {
	doc, err := parse(existing)
	if err != nil {
		return merged{}, err
	}
	for _, set := range []func(*document, settings) error{setLog, setLiveRestore, setDownloads, setMirrors, setDriver} {
		if err := set(doc, s); err != nil {
			return merged{}, err
		}
	}
	out := merged{content: existing, changed: doc.changed, keys: doc.keys()}
	if existing == nil || len(doc.changed) > 0 {
		out.content = doc.format()
	}
	return out, nil
}

func setLog(d *document, s settings) error {
	driver := "json-file"
	if err := d.read("log-driver", &driver); err != nil {
		return err
	}
	options := map[string]string{}
	if err := d.read("log-opts", &options); err != nil {
		return err
	}
	before := maps.Clone(options)
	if driver != "json-file" {
		d.write("log-driver", "json-file")
		maps.DeleteFunc(options, func(key, _ string) bool { return !slices.Contains(jsonFileOptions, key) })
	}
	if !strings.EqualFold(options["max-size"], s.logMaxSize) {
		options["max-size"] = s.logMaxSize
	}
	options["max-file"] = strconv.Itoa(s.logMaxFile)
	if !maps.Equal(before, options) {
		d.write("log-opts", options)
	}
	return nil
}

func setLiveRestore(d *document, s settings) error {
	return writeUnless(d, "live-restore", false, s.liveRestore)
}

func setDownloads(d *document, s settings) error {
	return writeUnless(d, "max-concurrent-downloads", 3, s.downloads)
}

// writeUnless writes a value unless the file, or Docker's default, says it already.
func writeUnless[T comparable](d *document, key string, byDefault, wish T) error {
	value := byDefault
	if err := d.read(key, &value); err != nil {
		return err
	}
	if value != wish {
		d.write(key, wish)
	}
	return nil
}

func setMirrors(d *document, s settings) error {
	var mirrors []string
	if err := d.read("registry-mirrors", &mirrors); err != nil {
		return err
	}
	// dockerd adds the slash itself.
	same := func(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }
	if len(s.registryMirrors) > 0 && !slices.EqualFunc(mirrors, s.registryMirrors, same) {
		d.write("registry-mirrors", s.registryMirrors)
	}
	return nil
}

func setDriver(d *document, s settings) error {
	options, err := d.execOptions()
	if err != nil {
		return err
	}
	if present := driverIn(options); present == s.driver || present == "" && s.ownDriver == s.driver {
		return nil
	}
	options = slices.DeleteFunc(options, isDriver)
	d.write("exec-opts", append(options, driverOption+s.driver))
	return nil
}

func (d *document) execOptions() ([]string, error) {
	var options []string
	return options, d.read("exec-opts", &options)
}

func isDriver(option string) bool { return strings.HasPrefix(option, driverOption) }

// driverIn is the cgroup driver among the options; empty: there is none. dockerd
// takes the last.
func driverIn(options []string) string {
	driver := ""
	for _, option := range options {
		if isDriver(option) {
			driver = strings.TrimPrefix(option, driverOption)
		}
	}
	return driver
}

// document is a JSON object whose members keep their order and their text.
type document struct {
	members []member
	indent  string
	changed []string
}

type member struct {
	key   string
	value json.RawMessage
}

// parse reads the file. An empty one has no keys, as for dockerd.
func parse(content []byte) (*document, error) {
	d := &document{indent: "  "}
	if len(bytes.TrimSpace(content)) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(content, &map[string]json.RawMessage{}); err != nil {
		return nil, fmt.Errorf("%s%w", position(content, err), err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if _, err := decoder.Token(); err != nil { // the brace
		return nil, err
	}
	d.indent = indentOf(content[decoder.InputOffset():])
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if d.find(key) != nil {
			return nil, fmt.Errorf("key %q is there twice: remove one", key)
		}
		d.members = append(d.members, member{key, value})
	}
	return d, nil
}

// position is "line 3: " where the error knows it.
func position(content []byte, err error) string {
	syntax, ok := err.(*json.SyntaxError) //nolint:errorlint // Unmarshal returns it bare
	if !ok || syntax.Offset > int64(len(content)) {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+bytes.Count(content[:syntax.Offset], []byte("\n")))
}

// indentOf is the blanks before the first key; two where it is not on a line of its own.
func indentOf(rest []byte) string {
	blanks := rest[:len(rest)-len(bytes.TrimLeft(rest, " \t\r\n"))]
	if at := bytes.LastIndexByte(blanks, '\n'); at >= 0 && at+1 < len(blanks) {
		return string(blanks[at+1:])
	}
	return "  "
}

func (d *document) find(key string) *member {
	for i := range d.members {
		if d.members[i].key == key {
			return &d.members[i]
		}
	}
	return nil
}

func (d *document) keys() []string {
	var keys []string
	for _, m := range d.members {
		keys = append(keys, m.key)
	}
	return keys
}

// read decodes a key's value; a key that is not there leaves what is in it.
func (d *document) read(key string, into any) error {
	m := d.find(key)
	if m == nil {
		return nil
	}
	if err := json.Unmarshal(m.value, into); err != nil {
		return fmt.Errorf("%s: %w; dockerd does not start with it either: correct it", key, err)
	}
	return nil
}

// write sets a key. The values are those above, which JSON can always write.
func (d *document) write(key string, value any) {
	text, _ := json.MarshalIndent(value, d.indent, d.indent)
	d.changed = append(d.changed, key)
	if m := d.find(key); m != nil {
		m.value = text
		return
	}
	d.members = append(d.members, member{key, text})
}

// format writes the file; members that were not written keep their text.
func (d *document) format() []byte {
	var out bytes.Buffer
	out.WriteString("{")
	for i, m := range d.members {
		if i > 0 {
			out.WriteString(",")
		}
		key, _ := json.Marshal(m.key)
		fmt.Fprintf(&out, "\n%s%s: %s", d.indent, key, m.value)
	}
	if len(d.members) > 0 {
		out.WriteString("\n")
	}
	out.WriteString("}\n")
	return out.Bytes()
}
