package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"
)

// Difference is a field whose effective value is not the written one.
type Difference struct {
	// Field is its path: evictionHard.memory.available.
	Field string
	// Written and Live are the two values as JSON; an empty Live: the kubelet does not
	// know the field, or has left it out.
	Written string
	Live    string
}

func (d Difference) String() string {
	if d.Live == "" {
		return fmt.Sprintf("%s is not set, and %s was written", d.Field, d.Written)
	}
	return fmt.Sprintf("%s is %s, and %s was written", d.Field, d.Live, d.Written)
}

// Compare tells in which fields a live configuration, the answer of the kubelet's
// /configz, differs from a file that was written for it. Only what the file sets is
// compared, and values are compared as the kubelet understands them: 60s is 1m0s, and
// 52428800 is 50Mi.
func Compare(file, live []byte) ([]Difference, error) {
	var written map[string]any
	if err := yaml.Unmarshal(file, &written); err != nil {
		return nil, fmt.Errorf("reading the configuration that was written: %w", err)
	}
	var answer struct {
		Configuration map[string]any `json:"kubeletconfig"`
	}
	if err := json.Unmarshal(live, &answer); err != nil {
		return nil, fmt.Errorf("reading the kubelet's answer: %w", err)
	}
	if answer.Configuration == nil {
		return nil, errors.New("reading the kubelet's answer: it has no kubeletconfig")
	}
	var c comparison
	for _, field := range slices.Sorted(maps.Keys(written)) {
		if slices.Contains(notCompared, field) {
			continue
		}
		value, there := answer.Configuration[field]
		if leavesOpen(field, written[field]) && there {
			continue
		}
		c.compare(field, written[field], value, there)
	}
	return c.differences, nil
}

// notCompared are fields of which the answer says nothing: the kubelet leaves the first
// two out, or writes those of its own version. The headers may hold a secret, which
// the kubelet masks, and a difference would show.
var notCompared = []string{"apiVersion", "kind", "staticPodURLHeader"}

// leavesOpen tells whether a written zero leaves the choice to the kubelet: "0s" and 0
// of fields that are no pointers stand for the default (kubernetes/kubernetes
// pkg/kubelet/apis/config/v1beta1/defaults.go). The read-only port has no default.
func leavesOpen(field string, value any) bool {
	switch value.(type) {
	case bool, []any, map[string]any:
		return false // an empty list is a choice, too: enforceNodeAllocatable
	}
	if field == "readOnlyPort" || !isZero(value) {
		return false
	}
	t := reflect.TypeFor[v1beta1.KubeletConfiguration]()
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name == field {
			return t.Field(i).Type.Kind() != reflect.Pointer
		}
	}
	return false
}

// comparison gathers differences.
type comparison struct{ differences []Difference }

func (c *comparison) compare(path string, written, live any, there bool) {
	if !there {
		// What is left out of the answer is zero.
		if !isZero(written) {
			c.differ(path, written, nil)
		}
		return
	}
	switch w := written.(type) {
	case map[string]any:
		l, _ := live.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(w)) {
			value, there := l[key]
			c.compare(path+"."+key, w[key], value, there)
		}
	case []any:
		l, ok := live.([]any)
		if !ok || len(l) != len(w) {
			c.differ(path, written, live)
			return
		}
		for i := range w {
			c.compare(fmt.Sprintf("%s[%d]", path, i), w[i], l[i], true)
		}
	default:
		if !sameValue(written, live) {
			c.differ(path, written, live)
		}
	}
}

func (c *comparison) differ(path string, written, live any) {
	d := Difference{Field: path, Written: asJSON(written)}
	if live != nil {
		d.Live = asJSON(live)
	}
	c.differences = append(c.differences, d)
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

func isZero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		d, err := time.ParseDuration(v)
		return v == "" || err == nil && d == 0
	}
	return reflect.ValueOf(value).IsZero()
}

// sameValue compares two values that are neither objects nor lists.
func sameValue(written, live any) bool {
	if reflect.DeepEqual(written, live) {
		return true
	}
	a, b := scalar(written), scalar(live)
	if a == b {
		return true
	}
	x, xIsDuration := duration(a)
	y, yIsDuration := duration(b)
	if xIsDuration && yIsDuration && x == y {
		return true
	}
	// Also where both could be durations: 1000m of CPU is 1.
	p, err1 := resource.ParseQuantity(a)
	q, err2 := resource.ParseQuantity(b)
	return err1 == nil && err2 == nil && p.Cmp(q) == 0
}

// scalar writes numbers of YAML and JSON in one way.
func scalar(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// duration reads 1m30s. A number without a unit is one of nanoseconds: some fields of
// component-base answer with it.
func duration(text string) (time.Duration, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(n), err == nil
}
