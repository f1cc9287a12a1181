package main

import (
	"bytes"
	"io"
)

// indent sets off what programs print from the story.
type indent struct{ w io.Writer }

func (i indent) Write(p []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(p) {
		out.WriteString("    ")
		out.Write(line)
	}
	_, err := i.w.Write(out.Bytes())
	return len(p), err
}
