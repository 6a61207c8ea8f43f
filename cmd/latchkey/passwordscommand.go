package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/latchkey-dev/latchkey/internal/breached"
)

type passwordsCommand struct {
	BuildFilter buildFilterCommand `cmd:"" help:"Make a filter from a list of breached passwords, for provider.breached_passwords in a configuration or latchkey idp --breached-passwords."`
	CheckFilter checkFilterCommand `cmd:"" help:"Read a whole filter, and report whether it is intact."`
}

type buildFilterCommand struct {
	List   string `arg:"" type:"existingfile" help:"The list, one entry a line: a password, its SHA-1 in hexadecimal, or HASH:count as Have I Been Pwned publishes them. Any length, in any order; - reads standard input."`
	Output string `short:"o" required:"" type:"path" help:"The file to write. A running provider uses the old one until it restarts."`
}

func (c buildFilterCommand) Run(w world) (err error) {
	list := io.Reader(os.Stdin)
	if c.List != "-" {
		file, err := os.Open(c.List)
		if err != nil {
			return err
		}
		defer file.Close() // only read
		list = file
	}
	b, err := breached.Build(stopping{w, list}, c.Output)
	if err != nil {
		return err
	}
	if b.Passed > 0 {
		fmt.Fprintf(w.stderr, "%d lines skipped: the provider refuses such passwords anyway\n", b.Passed)
	}
	_, err = fmt.Fprintf(w.stdout, "%d passwords in %d bytes\n", b.Passwords, b.Bytes)
	return err
}

// stopping is a list that ends in an error when the user stops the program: the incomplete file is
// then removed.
type stopping struct {
	w    world
	list io.Reader
}

func (s stopping) Read(b []byte) (int, error) {
	if err := s.w.ctx.Err(); err != nil {
		return 0, err
	}
	return s.list.Read(b)
}

type checkFilterCommand struct {
	File string `arg:"" type:"existingfile" help:"The filter."`
}

func (c checkFilterCommand) Run(w world) (err error) {
	f, err := breached.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Check(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "%d passwords, intact\n", f.Passwords())
	return err
}
