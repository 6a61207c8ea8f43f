// Sizes are not for the race detector, which has memory and time of its own.

//go:build !race

package redisstore_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/internal/sizetest"
)

// go test -run TestSizes -v ./redisstore -sizes.rows 10000000
func TestSizes(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL())
	sizetest.Measure(t, sizetest.Subject{
		Store: s,
		Bytes: func(t *testing.T) int64 {
			_, after, _ := strings.Cut(server.Command(t, "INFO", "memory"), "used_memory_dataset:")
			text, _, _ := strings.Cut(after, "\n")
			bytes, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return bytes
		},
		Fill: func(t *testing.T, from, to int) {
			const writers = 256
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					for n := from + w; n < to; n += writers {
						if err := s.Create(t.Context(), sizetest.Session(n)); err != nil {
							t.Errorf("session %d: %v", n, err)
							return
						}
					}
				})
			}
			all.Wait()
		},
	})
}
