//go:build !race

package latchkey

const underRace = false
