//go:build !linux

package pgtest

import "os/exec"

// On other systems tests are not run as root, and a server that is left behind must be stopped by
// hand.

func giveAway(...string) error { return nil }

func dropPrivileges(*exec.Cmd) {}

func dieTogether(*exec.Cmd) {}

func children(int) []int { return nil }

func killAll([]int) {}
