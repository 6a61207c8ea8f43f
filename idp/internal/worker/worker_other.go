//go:build !linux

package worker

import (
	"errors"
	"os"
)

// Supported reports whether this system has workers.
const Supported = false

// ThisProgram is the running program itself, on systems that have workers.
const ThisProgram = ""

func atLowPriority(func() error) error { return errors.ErrUnsupported }

func confine(string) error { return errors.ErrUnsupported }

func input() *os.File { return os.Stdin }
