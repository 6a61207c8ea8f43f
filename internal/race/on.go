//go:build race

package race

// Enabled is whether the race detector is at work.
const Enabled = true
