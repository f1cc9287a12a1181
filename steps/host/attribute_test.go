package host_test

import (
	"slices"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestAttributeValue(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]struct {
		value   string
		choices []string
	}{
		"always [madvise] never\n": {"madvise", []string{"always", "madvise", "never"}},
		"[mq-deadline] none\n":     {"mq-deadline", []string{"mq-deadline", "none"}},
		"none\n":                   {"none", nil}, // the only scheduler of some devices
		"128\n":                    {"128", nil},
		"":                         {"", nil},
		"two words\n":              {"two words", nil},
		"[] x\n":                   {"[] x", nil},
		"always defer defer+madvise [madvise] never\n": {"madvise", []string{"always", "defer", "defer+madvise", "madvise", "never"}},
	} {
		if got := host.AttributeValue([]byte(content)); got != want.value {
			t.Errorf("%q: got value %q, want %q", content, got, want.value)
		}
		if got := host.AttributeChoices([]byte(content)); !slices.Equal(got, want.choices) {
			t.Errorf("%q: got choices %q, want %q", content, got, want.choices)
		}
	}
}
