package main

import panics "github.com/latchkey-dev/latchkey/internal/crash"

// contain runs what has a goroutine of its own, where a panic would end the program. It becomes an error, with the stack.
func contain(run func() error) error { return panics.Contain(run) }
