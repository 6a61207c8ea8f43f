//go:build unix

package gateway_test

import "syscall"

// The tests write pages that others must be able to read, whatever the umask of the person who runs
// them.
func init() { syscall.Umask(0o022) }
