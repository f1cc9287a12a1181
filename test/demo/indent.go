package main

import (
	"bytes"
	"io"
)

// indent sets off what programs print from the story.
type indent struct {
	w      io.Writer
	inLine bool
}

func (i *indent) Write(p []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(p) {
		if !i.inLine && len(bytes.TrimSpace(line)) > 0 {
			out.WriteString("    ")
		}
		out.Write(line)
		i.inLine = !bytes.HasSuffix(line, []byte("\n"))
	}
	_, err := i.w.Write(out.Bytes())
	return len(p), err
}
