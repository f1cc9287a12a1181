package explain

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"
)

// columns is the width of a terminal that everybody has.
const columns = 80

// WriteText writes the explanation for people, in 80 columns as far as its words allow. now is the reader's clock.
func (e *Explanation) WriteText(w io.Writer, now time.Time) error {
	p := &page{}
	p.paragraph("", e.headline())
	if r := e.Waiting; r != nil {
		if r.Since != nil {
			p.paragraph("", fmt.Sprintf("since %s, for %s", stamp(r.Since.Time), duration.HumanDuration(now.Sub(r.Since.Time))))
		}
		p.blank()
		p.paragraph("  ", r.Message)
	}
	p.blank()
	e.facts(p)
	if len(e.Remedies) > 0 {
		p.blank()
		p.paragraph("", "What would change it:")
	}
	for _, r := range e.Remedies {
		p.paragraph("  ", r.Text+":")
		p.command("      ", r.Command)
	}
	_, err := io.WriteString(w, strings.TrimRight(p.String(), "\n")+"\n")
	return err
}

// headline is the answer in a line.
func (e *Explanation) headline() string {
	name := "Node " + e.Node
	if e.NodeGroup != "" {
		name += " of NodeGroup " + e.NodeGroup
	}
	switch {
	case e.Waiting != nil && e.State == Working:
		return fmt.Sprintf("%s is being worked on: %s", name, e.Waiting.Reason)
	case e.Waiting != nil:
		return fmt.Sprintf("%s waits: %s", name, e.Waiting.Reason)
	case e.State == UpToDate:
		return name + " is up to date."
	}
	return name + " is being worked on."
}

// facts are what is known of the node, a line for each.
func (e *Explanation) facts(p *page) {
	if r := e.Revision; r.Wanted != "" && r.Wanted == r.Applied && r.Wanted == r.Proven {
		p.fact("revision", r.Wanted+", on the host and proven")
	} else if r != (Revision{}) {
		p.fact("revision", fmt.Sprintf("%s wanted, %s on the host, %s proven", orNone(r.Wanted), orNone(r.Applied), orNone(r.Proven)))
	}
	if e.Phase != "" {
		p.fact("phase", strings.TrimSuffix(string(e.Phase)+": "+e.Message, ": "))
	}
	if plan := e.Plan; plan != nil {
		line := fmt.Sprintf("%s, ops: %d, impact %s", plan.Hash, plan.Ops, plan.Impact)
		if plan.Staged {
			line += ", downloaded"
		}
		p.fact("plan", line)
	}
	if d := e.Drain; d != nil {
		line := fmt.Sprintf("%s since %s, pods left: %d", d.State, stamp(d.Since.Time), d.Left)
		if d.Message != "" {
			line += "; " + d.Message
		}
		p.fact("drain", line)
		for _, pod := range d.Blocking {
			p.fact("", fmt.Sprintf("%s/%s: %s", pod.Namespace, pod.Name, pod.Reason))
		}
	}
	for _, note := range e.Notes {
		p.fact("note", note)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// stamp is a time for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// page is text in columns.
type page struct{ strings.Builder }

// blank ends a paragraph; two in a row are one.
func (p *page) blank() {
	if !strings.HasSuffix(p.String(), "\n\n") {
		p.WriteString("\n")
	}
}

// fact is a line with a name in front.
func (p *page) fact(name, text string) {
	const width = 10
	p.wrap(fmt.Sprintf("%-*s", width, name), strings.Repeat(" ", width), text, "")
}

func (p *page) paragraph(indent, text string) { p.wrap(indent, indent, text, "") }

// command breaks as a shell allows, so that it can be copied.
func (p *page) command(indent, text string) { p.wrap(indent, indent+"  ", text, " \\") }

// wrap breaks text between words. first and then are in front of its lines, end is behind all but the last.
func (p *page) wrap(first, then, text, end string) {
	line := first
	begun := false // a word is on the line
	for _, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(line) + 1 + utf8.RuneCountInString(word) + utf8.RuneCountInString(end)
		switch {
		case !begun:
			line += word
		case length <= columns:
			line += " " + word
		default:
			p.WriteString(line + end + "\n")
			line = then + word
		}
		begun = true
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}
