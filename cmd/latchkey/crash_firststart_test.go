package main

import (
	"strconv"
	"testing"
)

// TestCrashAtFirstStart kills the very first start, in which everything is made. The next one must get by with what is there.
func TestCrashAtFirstStart(t *testing.T) {
	for i := range max(3, *crashKills/10) {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			c := newCrash(t)
			c.killBeforeReady("127.0.0.1:0", "127.0.0.1:0")
			c.rise()
			c.newShopper("kettle").visitOnce()
			c.newest.Load().kill()
			c.newest.Load().cmd.Wait()
			c.checkDatabases()
		})
	}
}
