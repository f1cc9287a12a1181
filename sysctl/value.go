package sysctl

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Equal tells whether writing want would leave a key that reads live as it is,
// so that there is nothing to do. Beside equal texts these are equal, because
// the kernel reads them so and prints them otherwise (kernel/sysctl.c):
//
//   - any run of blanks and tabs: vectors are printed with tabs
//   - numbers in octal or hexadecimal ("0x10", "01"), printed in decimal; "010" is 8
//   - the first numbers of a vector: the kernel keeps those that are not written
//   - lists of numbers and ranges with the same members: "9808,9809" is printed as
//     "9808-9809" (net.ipv4.ip_local_reserved_ports)
//
// A key that holds text is not told from one that holds a number, so a text
// "01" equals a text "1". No key is known where that matters.
func Equal(want, live string) bool {
	w, l := strings.Fields(want), strings.Fields(live)
	switch {
	case slices.Equal(w, l):
		return true
	case len(w) == 0 || len(w) > len(l):
		return false
	case equalNumbers(w, l):
		return true
	}
	return len(w) == 1 && len(l) == 1 && equalRanges(w[0], l[0])
}

// equalNumbers compares the fields of want with the first of live, which must
// all be numbers as the kernel prints them.
func equalNumbers(want, live []string) bool {
	for i, field := range live {
		printed, ok := parseNumber(field)
		if !ok || printed.String() != field {
			return false
		}
		if i >= len(want) {
			continue
		}
		if written, ok := parseNumber(want[i]); !ok || written != printed {
			return false
		}
	}
	return true
}

// number is wide enough for signed and unsigned keys.
type number struct {
	negative  bool
	magnitude uint64
}

func (n number) String() string {
	if n.negative {
		return "-" + strconv.FormatUint(n.magnitude, 10)
	}
	return strconv.FormatUint(n.magnitude, 10)
}

// parseNumber reads a number as simple_strtoul(…, 0) does: 0x is hexadecimal, a
// leading 0 octal. Go's base 0 would take 0b, 0o and underscores as well.
func parseNumber(s string) (number, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	base := 10
	switch lower := strings.ToLower(digits); {
	case strings.HasPrefix(lower, "0x"):
		digits, base = digits[2:], 16
	case len(digits) > 1 && digits[0] == '0':
		digits, base = digits[1:], 8
	}
	magnitude, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return number{}, false
	}
	return number{negative: negative && magnitude > 0, magnitude: magnitude}, true
}

// span is a range of a list, ends included.
type span struct{ from, to uint64 }

func equalRanges(want, live string) bool {
	// A number by itself is no list: numbers have their own rules.
	if !strings.ContainsAny(want, ",-") {
		return false
	}
	w, okW := parseRanges(want)
	l, okL := parseRanges(live)
	return okW && okL && slices.Equal(w, l)
}

// parseRanges reads "1,5-7,6-9" as sorted ranges that do not touch.
func parseRanges(s string) ([]span, bool) {
	var spans []span
	for part := range strings.SplitSeq(strings.TrimSuffix(s, ","), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, okFrom := parseNumber(first)
		to, okTo := parseNumber(last)
		if !okFrom || !okTo || to.negative || from.magnitude > to.magnitude {
			return nil, false
		}
		spans = append(spans, span{from.magnitude, to.magnitude})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := spans[:1]
	for _, next := range spans[1:] {
		if last := &merged[len(merged)-1]; next.from <= last.to || next.from-1 == last.to {
			last.to = max(last.to, next.to)
			continue
		}
		merged = append(merged, next)
	}
	return merged, true
}

// parseValue returns a value as it is written to file and kernel, without
// blanks around it.
func parseValue(s string) (string, error) {
	value := strings.TrimSpace(s)
	if !utf8.ValidString(value) {
		return "", errors.New("the value is not UTF-8")
	}
	for _, r := range value {
		if unicode.IsControl(r) && r != '\t' {
			return "", fmt.Errorf("the value holds the character %U; a value is one line of text", r)
		}
	}
	return value, nil
}
