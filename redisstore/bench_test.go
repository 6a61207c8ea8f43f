package redisstore_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// go test -run '^$' -bench . ./redisstore: servers, clients and this process share the machine.

func BenchmarkGet(b *testing.B) {
	s := open(b, redistest.Start(b).URL())
	rec := typical()
	must(b, s.Create(b.Context(), rec))
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Get(b.Context(), rec.ID); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSwap(b *testing.B) {
	s := open(b, redistest.Start(b).URL())
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		rec := typical()
		if err := s.Create(b.Context(), rec); err != nil {
			b.Error(err)
		}
		for pb.Next() {
			next := *rec
			next.Version++
			if err := s.Swap(b.Context(), &next); err != nil {
				b.Error(err)
			}
			rec = &next
		}
	})
}

// BenchmarkTouch counts sessions, 1000 a call.
func BenchmarkTouch(b *testing.B) {
	s := open(b, redistest.Start(b).URL())
	seen := make([]latchkey.Seen, 1000)
	for i := range seen {
		rec := typical()
		must(b, s.Create(b.Context(), rec))
		seen[i] = latchkey.Seen{ID: rec.ID, At: rec.LastSeenAt}
	}
	for b.Loop() {
		for i := range seen {
			seen[i].At = seen[i].At.Add(time.Second)
		}
		must(b, s.Touch(b.Context(), seen))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(seen)), "ns/session")
}

// BenchmarkWord is the time from the call of Swap until another instance has been notified.
func BenchmarkWord(b *testing.B) {
	url := redistest.Start(b).URL()
	writer, watcher := open(b, url), open(b, url)
	ctx, cancel := context.WithCancel(b.Context())
	told, beats, ended := make(chan time.Time, 1), make(chan struct{}, 1), make(chan error, 1)
	var ready atomic.Bool
	go func() {
		ended <- watcher.Watch(ctx, func(latchkey.ID) {
			if ready.Load() {
				told <- time.Now()
			}
		}, func(time.Time) {
			select {
			case beats <- struct{}{}:
			default:
			}
		})
	}()
	<-beats
	rec := typical()
	must(b, writer.Create(b.Context(), rec))
	time.Sleep(50 * time.Millisecond) // until that notification has come
	ready.Store(true)
	var took []time.Duration
	for b.Loop() {
		rec.Version++
		began := time.Now()
		must(b, writer.Swap(b.Context(), rec))
		took = append(took, (<-told).Sub(began))
	}
	cancel()
	<-ended
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
