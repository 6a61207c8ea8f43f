package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/latchkey-dev/latchkey/internal/breached"
)

type passwordsCommand struct {
	BuildFilter buildFilterCommand `cmd:"" help:"Make a filter of a list of breached passwords, for provider.breached_passwords of a configuration, or latchkey idp --breached-passwords."`
	CheckFilter checkFilterCommand `cmd:"" help:"Read a whole filter, and say whether it is sound."`
}

type buildFilterCommand struct {
	List   string `arg:"" type:"existingfile" help:"One a line: a password, its SHA-1 in hexadecimal, or HASH:count as Have I Been Pwned has them; - for standard input. Any length, in any order."`
	Output string `short:"o" required:"" type:"path" help:"The file that is made. A provider that runs goes on with the one before until it is started again."`
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
		fmt.Fprintf(w.stderr, "%d lines are passed over: nobody can set such a password\n", b.Passed)
	}
	_, err = fmt.Fprintf(w.stdout, "%d passwords in %d bytes\n", b.Passwords, b.Bytes)
	return err
}

// stopping is a list that ends in an error when the user stops the program: what was made so far is then taken away.
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
	_, err = fmt.Fprintf(w.stdout, "%d passwords, sound\n", f.Passwords())
	return err
}
