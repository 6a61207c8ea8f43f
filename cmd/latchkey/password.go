package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// readPassword never takes a password from the command line, where other users of the machine could
// see it.
func readPassword(w world, file string) (string, error) {
	if file != "" {
		secret, err := secretOf(file, "")
		return string(secret), err
	}
	if in := os.Stdin; term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(w.stderr, "Password: ")
		password, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(w.stderr)
		return string(password), err
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.Join(errors.New("no password on standard input"), ignoreEOF(err))
	}
	return line, ignoreEOF(err)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
