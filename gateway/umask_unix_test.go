//go:build unix

package gateway_test

import "syscall"

// Whoever runs the tests may keep their files from others: the tests write pages, which others must be able to read.
func init() { syscall.Umask(0o022) }
