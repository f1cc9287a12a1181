package kubelet

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// A kubelet that others have set up need not restart for a file that says in hostler's words what it was started with.

// sameSettings tells whether a kubelet reads the same from two configuration files; endpoint is the flag that counted
// instead of the old one's containerRuntimeEndpoint, if there was one. What cannot be parsed is not the same.
func sameSettings(old, wish []byte, endpoint string) bool {
	before, after := settings(old), settings(wish)
	if before == nil || after == nil {
		return false
	}
	if endpoint != "" {
		before["containerRuntimeEndpoint"] = endpoint
	}
	for _, fields := range []map[string]any{before, after} {
		if socket, ok := fields["containerRuntimeEndpoint"].(string); ok {
			fields["containerRuntimeEndpoint"] = inRun(socket)
		}
	}
	return reflect.DeepEqual(effective("", before), effective("", after))
}

// endpointFlag is how kubeadm tells the kubelet of its runtime, and how hostler's drop-in does not: there is a field for it.
const endpointFlag = "container-runtime-endpoint"

// inRun is a socket below /run, which /var/run leads to.
func inRun(endpoint string) string { return strings.Replace(endpoint, "///var/run/", "///run/", 1) }

// effective leaves out what the kubelet takes for unset: kubeadm writes every duration that it does not set as 0s, and a logging section of zeros
// (kubernetes/kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go compares with zero before it sets a default).
func effective(section string, fields map[string]any) map[string]any {
	left := map[string]any{}
	for name, value := range fields {
		in := section
		if in == "" {
			in = name
		}
		if nested, ok := value.(map[string]any); ok {
			if nested = effective(in, nested); len(nested) > 0 {
				left[name] = nested
			}
			continue
		}
		zero := value == nil || value == "0s" || in == "logging" && (value == float64(0) || value == "0") ||
			in == "containerRuntimeEndpoint" && value == "" || in == "readOnlyPort" && value == float64(0)
		if !zero {
			left[name] = value
		}
	}
	return left
}

// unitFolders are where systemd looks for the unit itself, best first.
var unitFolders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// takeover is the kubelet's command line before and with hostler's first drop-in.
type takeover struct {
	before, after map[string]string
	// known is false where either cannot be told from the files.
	known bool
}

// planTakeover compares the unit as it is with the one with hostler's drop-in.
func planTakeover(v host.View, dropIn []byte) (takeover, error) {
	sources, err := unitSources(v)
	if err != nil {
		return takeover{}, err
	}
	before, beforeKnown, err := commandLine(v, sources)
	if err != nil {
		return takeover{}, err
	}
	after, afterKnown, err := commandLine(v, append(slices.Clone(sources), source{DropInPath, dropIn}))
	return takeover{before, after, beforeKnown && afterKnown}, err
}

// changes names the flags that differ. The runtime's endpoint is a setting of the configuration afterwards, and compared there.
func (t takeover) changes(joined bool) (names []string) {
	before, after := maps.Clone(t.before), maps.Clone(t.after)
	delete(before, endpointFlag)
	delete(after, endpointFlag)
	if joined { // labels are given to a Node when it registers
		delete(before, "node-labels")
		delete(after, "node-labels")
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for name := range all {
		old, had := before[name]
		wish, has := after[name]
		if had != has || old != wish {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// source is a unit file or a drop-in.
type source struct {
	file    string
	content []byte
}

// unitSources are the kubelet's unit file and the drop-ins of others.
func unitSources(v host.View) ([]source, error) {
	var files []string
	for _, folder := range unitFolders {
		file := path.Join(folder, UnitName)
		if there, err := exists(v, file); err != nil {
			return nil, err
		} else if there {
			files = append(files, file)
			break
		}
	}
	dropIns, err := foreignDropIns(v)
	if err != nil {
		return nil, err
	}
	for _, d := range dropIns {
		files = append(files, d.file)
	}
	var sources []source
	for _, file := range files {
		content, err := v.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source{file, content})
	}
	return sources, nil
}

// commandLine is what systemd starts the kubelet with: flags and their values. It knows as much of systemd.exec(5) as the units of packages, kubeadm
// and kubespray use, and says of anything else that it is not known.
func commandLine(v host.View, sources []source) (flags map[string]string, known bool, err error) {
	slices.SortStableFunc(sources, bySystemd)
	command, variables, files := "", map[string]string{}, []string(nil)
	for _, s := range sources {
		for line := range strings.SplitSeq(strings.ReplaceAll(string(s.content), "\\\n", " "), "\n") {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch strings.TrimSpace(key) {
			case "ExecStart":
				command = strings.TrimSpace(value)
			case "EnvironmentFile":
				files = append(files, strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(value), "%%", "%"), "-"))
			case "Environment":
				name, text, _ := strings.Cut(unquote(value), "=")
				variables[name] = text
			}
		}
	}
	for _, file := range files { // they win over Environment=, and the later ones over the earlier
		if err := readEnvironment(v, file, variables); err != nil {
			return nil, false, err
		}
	}
	words, known := expand(command, variables)
	if !known || len(words) == 0 || words[0] != Binary {
		return nil, false, nil
	}
	flags, known = parseFlags(words[1:])
	return flags, known, nil
}

// bySystemd orders the unit file before its drop-ins, and those by name.
func bySystemd(a, b source) int {
	isUnit := func(s source) bool { return path.Base(s.file) == UnitName }
	switch {
	case isUnit(a) != isUnit(b) && isUnit(a):
		return -1
	case isUnit(a) != isUnit(b):
		return 1
	}
	return strings.Compare(path.Base(a.file), path.Base(b.file))
}

func readEnvironment(v host.View, file string, variables map[string]string) error {
	content, err := v.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(string(content), "\\\n", " "), "\n") {
		name, value, assigns := strings.Cut(strings.TrimSpace(line), "=")
		if assigns && !strings.HasPrefix(name, "#") && !strings.HasPrefix(name, ";") {
			variables[strings.TrimSpace(name)] = unquote(value)
		}
	}
	return err
}

// unquote takes the quotes off a text that is quoted as a whole.
func unquote(text string) string {
	text = strings.TrimSpace(text)
	if len(text) >= 2 && strings.ContainsAny(text[:1], `"'`) && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}

// expand splits a command line, with the words of the variables in it. A quote in it, or a variable within a word,
// is more than is known here.
func expand(command string, variables map[string]string) (words []string, known bool) {
	for word := range strings.FieldsSeq(command) {
		name, isVariable := strings.CutPrefix(word, "$")
		switch {
		case strings.ContainsAny(word, `"'\`):
			return nil, false
		case isVariable && !strings.HasPrefix(name, "$"):
			words = append(words, strings.Fields(variables[strings.Trim(name, "{}")])...)
		case strings.Contains(strings.ReplaceAll(word, "$$", ""), "$"):
			return nil, false
		default:
			words = append(words, strings.NewReplacer("%%", "%", "$$", "$").Replace(word))
		}
	}
	return words, true
}

// parseFlags reads --name=value, --name value, and --name alone. The last of several counts; labels add.
func parseFlags(words []string) (flags map[string]string, known bool) {
	flags = map[string]string{}
	for i := 0; i < len(words); i++ {
		flag, isFlag := strings.CutPrefix(words[i], "--")
		if !isFlag || strings.ContainsAny(flag, `"'`) {
			return nil, false
		}
		name, value, assigned := strings.Cut(flag, "=")
		if next := i + 1; !assigned && next < len(words) && !strings.HasPrefix(words[next], "-") {
			value, i = words[next], next
		}
		if before, twice := flags[name]; twice && name == "node-labels" {
			value = before + "," + value
		}
		flags[name] = value
	}
	return flags, true
}
