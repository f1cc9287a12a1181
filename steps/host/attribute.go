package host

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// SetAttribute implements KernelWriter. Below /sys nothing can be renamed, and the
// kernel takes a value from one write only.
func (h *OS) SetAttribute(p, value string) error {
	if err := CheckAttributePath("writing", p); err != nil {
		return err
	}
	if err := h.live(fmt.Sprintf("writing attribute %q", p)); err != nil {
		return err
	}
	info, err := h.Stat(p)
	if err != nil {
		return err
	}
	if !info.Mode.IsRegular() {
		return fmt.Errorf("writing attribute %q: %w but %s", p, ErrNotRegular, kindOf(info.Mode))
	}
	fd, err := h.openPath("writing attribute", p, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	_, err = unix.Write(fd, []byte(value+"\n"))
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("writing %q to attribute %q: the kernel refuses the value: %w", value, p, err)
	}
	if err != nil {
		return explain("writing attribute", p, err)
	}
	return nil
}

// CheckAttributePath holds writers of attributes to /sys; act is for the error.
func CheckAttributePath(act, p string) error {
	if err := checkPath(act, p); err != nil {
		return err
	}
	if !strings.HasPrefix(p, "/sys/") {
		return fmt.Errorf("%s attribute %q: attributes are below /sys: %w", act, p, fs.ErrInvalid)
	}
	return nil
}

// AttributeValue is what an attribute of the kernel is set to. Some list all that
// they take, with the one that holds in brackets: "always [madvise] never".
func AttributeValue(content []byte) string {
	for word := range strings.FieldsSeq(string(content)) {
		if len(word) > 2 && word[0] == '[' && word[len(word)-1] == ']' {
			return word[1 : len(word)-1]
		}
	}
	return strings.TrimSpace(string(content))
}

// AttributeChoices are the values that an attribute lists; nil where it lists none.
func AttributeChoices(content []byte) []string {
	if AttributeValue(content) == strings.TrimSpace(string(content)) {
		return nil
	}
	return strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(string(content)))
}
