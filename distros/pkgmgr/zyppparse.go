package pkgmgr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
)

// parseZyppSearch reads the answer of zypper search. What is installed and in no
// repository is not on offer.
func parseZyppSearch(output []byte) (map[string][]string, error) {
	versions := map[string][]string{}
	err := eachSolvable(output, func(_ string, s xml.StartElement) {
		name, edition := attribute(s, "name"), attribute(s, "edition")
		known := slices.Contains(versions[name], edition)
		if attribute(s, "kind") == "package" && attribute(s, "repository") != "(System Packages)" && name != "" && edition != "" && !known {
			versions[name] = append(versions[name], edition)
		}
	})
	for _, list := range versions {
		slices.SortFunc(list, func(a, b string) int { return rpm.Compare(b, a) })
	}
	return versions, err
}

// parseZyppSummary reads what a transaction would change, by groups that are called
// to-install, to-upgrade, to-downgrade, to-remove and the like.
func parseZyppSummary(output []byte) ([]Change, error) {
	var changes []Change
	err := eachSolvable(output, func(group string, s xml.StartElement) {
		change := Change{Name: attribute(s, "name"), From: attribute(s, "edition-old"), To: attribute(s, "edition")}
		switch {
		case !strings.HasPrefix(group, "to-") || attribute(s, "type") != "package" || change.Name == "" || change.To == "":
			return
		case group == "to-remove":
			change.From, change.To = change.To, ""
		case group == "to-reinstall":
			change.From = change.To
		}
		changes = append(changes, change)
	})
	return changes, err
}

// eachSolvable calls use with each package in zypper's XML, and the name of the
// element that it is in.
func eachSolvable(output []byte, use func(group string, solvable xml.StartElement)) error {
	decoder := xml.NewDecoder(bytes.NewReader(output))
	var path []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what zypper printed: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "solvable" && len(path) > 0 {
				use(path[len(path)-1], token)
			}
			path = append(path, token.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}
