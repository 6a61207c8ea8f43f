package main

import panics "github.com/latchkey-dev/latchkey/internal/crash"

// contain runs f, which has a goroutine of its own, and turns a panic into an error with the stack:
// otherwise it would end the program.
func contain(run func() error) error { return panics.Contain(run) }
