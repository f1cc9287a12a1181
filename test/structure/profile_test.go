package structure

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/agent"
	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/preflight"
)

var update = flag.Bool("update", false, "write the outputs that pages show; the test fails all the same, so that they are looked at")

const profilePage = "../../docs/profile.md"

// sections are the parts of the profile's page below its headings of the third level, by each name in the heading.
func sections(page string) map[string]string {
	found := map[string]string{}
	for _, part := range strings.Split(page, "\n### ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		for name := range strings.SplitSeq(heading, ", ") {
			found[name] = body
		}
	}
	return found
}

// missing names the fields that a page lacks: those of a struct without a section, and fields of fields that their section does not name.
func missing(parts map[string]string, prefix string, of reflect.Type) []string {
	var lacking []string
	for _, field := range fieldsOf(of) {
		section, ok := parts[prefix+field.name]
		if !ok {
			lacking = append(lacking, prefix+field.name)
			continue
		}
		for _, name := range allNames(field.of) {
			if !regexp.MustCompile(`[\x60{ ]` + name + `[\x60:]`).MatchString(section) {
				lacking = append(lacking, prefix+field.name+": "+name)
			}
		}
	}
	return lacking
}

type apiField struct {
	name string
	of   reflect.Type
}

// fieldsOf lists the fields of a struct of the API by their names in YAML.
func fieldsOf(of reflect.Type) []apiField {
	var found []apiField
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		found = append(found, apiField{name, of.Field(i).Type})
	}
	return found
}

// allNames are the names of a struct's fields and of theirs, where they are of the API.
func allNames(of reflect.Type) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[v1alpha1.OperatingSystemSpec]().PkgPath() {
		return nil
	}
	var names []string
	for _, field := range fieldsOf(of) {
		names = append(append(names, field.name), allNames(field.of)...)
	}
	return names
}

func TestProfilePageHasEveryField(t *testing.T) {
	t.Parallel()
	parts := sections(read(t, profilePage))
	parts["cri.type"] = parts["cri.containerd"] // what comes before the three is about it
	lacking := slices.Concat(
		missing(parts, "", reflect.TypeFor[v1alpha1.OperatingSystemSpec]()),
		missing(parts, "cri.", reflect.TypeFor[v1alpha1.CRISpec]()),
		missing(parts, "", reflect.TypeFor[struct {
			CNILinks v1alpha1.CNILinks `json:"cniLinks"`
		}]()))
	for _, field := range lacking {
		t.Errorf("docs/profile.md says nothing of %s", field)
	}
}

func TestForgottenFieldsAreNoticed(t *testing.T) {
	t.Parallel()
	of := reflect.TypeFor[struct {
		Here  string                 `json:"here"`
		Users []v1alpha1.User        `json:"users,omitempty"`
		Gone  *v1alpha1.JournaldSpec `json:"gone,omitempty"`
	}]()
	parts := sections("\n### here\n\n### users\n`name`, {uid: 1, groups: x}\n  shell: /bin/sh\n\n## Other\nsshAuthorizedKeys:\n")
	if got, want := missing(parts, "", of), []string{"users: sshAuthorizedKeys", "gone"}; !slices.Equal(got, want) {
		t.Errorf("got %q missing, want %q", got, want)
	}
}

// TestPageSnippetsAreValid reads each YAML of the pages as hostler reads a file. A snippet without a kind is a part of a NodeGroup's spec.
func TestPageSnippetsAreValid(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	for page, atLeast := range map[string]int{profilePage: 24, "../../docs/adopt.md": 1} {
		found := block.FindAllStringSubmatch(read(t, page), -1)
		if len(found) < atLeast {
			t.Errorf("%s: got %d blocks of YAML, want at least %d", page, len(found), atLeast)
		}
		for _, match := range found {
			if _, err := input.Read(filepath.Base(page), strings.NewReader(whole(match[1]))); err != nil {
				t.Errorf("%s: %v\n%s", page, err, match[1])
			}
		}
	}
}

// whole makes a NodeGroup of a part of one.
func whole(snippet string) string {
	if strings.HasPrefix(snippet, "apiVersion:") {
		return snippet
	}
	return "apiVersion: hostler.dev/v1alpha1\nkind: NodeGroup\nmetadata: {name: sample}\nspec:\n  " + strings.ReplaceAll(strings.TrimSpace(snippet), "\n", "\n  ") + "\n"
}

// plansOf are the golden plans of the step that serves a field.
var plansOf = map[string]string{
	"sysctl": "sysctl/testdata", "sysctlProfile": "sysctl/testdata", "kernelModules": "steps/modules/testdata", "files": "steps/files/testdata",
	"units": "steps/units/testdata", "users": "steps/users/testdata", "swap": "steps/swap/testdata", "swapSize": "steps/swap/testdata",
	"unattendedUpgrades": "steps/autoupdates/testdata", "firewall": "steps/firewall/testdata", "unneededServices": "steps/listeners/testdata",
	"timeSync": "steps/timesync/testdata", "appArmor": "steps/apparmor/testdata", "selinux": "steps/selinux/testdata",
	"transparentHugepages": "steps/hugepages/testdata", "blockDevices": "steps/blockdevices/testdata", "journald": "steps/journald/testdata",
	"limits": "steps/limits/testdata", "reboot": "steps/reboot/testdata", "caCertificates": "steps/trust/testdata", "proxy": "steps/proxy/testdata",
	"cniLinks": "network/linkmanagers/testdata", "cri.containerd": "cri/containerd/testdata/plans", "cri.docker": "cri/docker/testdata/plans",
	"cri.notManaged": "cri/notmanaged/testdata",
}

// costlier are fields that cost more than the golden plans of their steps have, as TestDockerWithoutLiveRestoreCostsADrain shows.
var costlier = map[string]steps.Impact{"caCertificates": steps.Drain, "proxy": steps.Drain}

// TestProfilePageKnowsTheCosts compares the page's table with the plans.
func TestProfilePageKnowsTheCosts(t *testing.T) {
	t.Parallel()
	page := read(t, profilePage)
	row := regexp.MustCompile("(?m)^\\| (`[^|]*) \\| ([A-Z][a-z]+) \\|")
	said := map[string]string{}
	for _, match := range row.FindAllStringSubmatch(page, -1) {
		for name := range strings.SplitSeq(match[1], ", ") {
			said[strings.Trim(name, "`")] = match[2]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(plansOf)) {
		want := max(highest(t, "../../"+plansOf[name]), costlier[name]).String()
		if said[name] != want {
			t.Errorf("docs/profile.md says that %s costs %q at most, and it is %s", name, said[name], want)
		}
	}
	for name := range sections(page) {
		if said[name] == "" {
			t.Errorf("the table of costs in docs/profile.md has no line for %s", name)
		}
	}
}

// highest is the highest impact of an op in the golden plans of a folder.
func highest(t *testing.T, folder string) steps.Impact {
	t.Helper()
	op := regexp.MustCompile(`(?m)^[a-z/-]+: .* \[([A-Z][a-z]+)\]$`)
	plans, err := filepath.Glob(folder + "/*.golden")
	if err != nil || len(plans) == 0 {
		t.Fatalf("got %d golden plans in %s, %v", len(plans), folder, err)
	}
	most := steps.None
	for _, plan := range plans {
		content, err := os.ReadFile(plan)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range op.FindAllStringSubmatch(string(content), -1) {
			impact, err := steps.ParseImpact(match[1])
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, impact)
		}
	}
	return most
}

// TestProfilePageNamesWhatDiffers: what is another on each distribution is on the page as the rows have it.
func TestProfilePageNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	parts := sections(read(t, profilePage))
	for _, row := range distros.Table() {
		for name, facts := range map[string][]string{
			"caCertificates":     {row.Trust.Dir, strings.Join(row.Trust.Update, " ")},
			"unattendedUpgrades": row.Updates.Units,
			"timeSync":           append([]string{row.TimeSync.Unit}, row.TimeSync.Units...),
			"firewall":           row.Security.Firewalls,
			"reboot":             {row.Reboot.Sign, strings.Join(row.Reboot.Query, " ")},
		} {
			for _, fact := range facts {
				if !strings.Contains(parts[name], fact) {
					t.Errorf("docs/profile.md, %s, does not name %q of %s", name, fact, row.Key())
				}
			}
		}
	}
}

func TestAdoptPageNamesEveryCheck(t *testing.T) {
	t.Parallel()
	page := read(t, "../../docs/adopt.md")
	for _, check := range slices.Concat(preflight.Checks(), agent.PreflightChecks(&distros.Release{})) {
		if !strings.Contains(page, "`"+check.Name+"`") {
			t.Errorf("docs/adopt.md does not name the check %s", check.Name)
		}
	}
}
