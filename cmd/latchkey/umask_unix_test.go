//go:build unix

package main

import "syscall"

// Whoever runs the tests may keep their files from others: the tests write pages, which others must be able to read.
func init() { syscall.Umask(0o022) }
