package pgstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/pgstore"
)

// session returns a record as large as those of a real login.
func session() *latchkey.Record {
	now := time.Now()
	rec := &latchkey.Record{
		Version: 1, App: "store.example.com",
		User:         latchkey.User{ID: "8d6f2a52-6a3c-4c2e-9d2f-6f0b8f0f4c11", Email: "ada@example.com", EmailVerified: true, FirstName: "Ada", LastName: "Lovelace", Roles: []string{"reader"}},
		RefreshToken: make([]byte, 120), RefreshTokenID: "5b7c9a0e-9f2e-4a2b-8f43-0c6f4d1b7e55",
		Generation: 7, ConfirmedAt: now,
		Device:    latchkey.Device{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", IP: "203.0.113.7"},
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour), RefreshExpiresAt: now.Add(720 * time.Hour), Deadline: now.Add(2160 * time.Hour),
	}
	rand.Read(rec.ID[:])
	rand.Read(rec.RefreshToken)
	return rec
}

var rows = flag.Int("pgstore.rows", 0, "how many sessions are in the table of each benchmark beforehand")

func benchStore(b *testing.B) (s *pgstore.Store, url string) {
	url = pgtest.Shared(b).Database(b)
	s = open(b, url)
	if *rows > 0 {
		fill(b, url, *rows, 500)
	}
	var all sync.WaitGroup
	for range 64 { // until every connection is open
		all.Go(func() {
			for range 10 {
				if _, err := s.Get(b.Context(), latchkey.ID{}); !errors.Is(err, latchkey.ErrNotFound) {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	return s, url
}

func BenchmarkGet(b *testing.B) {
	s, _ := benchStore(b)
	rec := session()
	if err := s.Create(b.Context(), rec); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Get(b.Context(), rec.ID); err != nil {
				b.Error(err)
			}
		}
	})
	perSecond(b, "gets/s")
}

// BenchmarkSwap shows what it costs to notify in the transaction itself, as the Swaps of ended
// sessions do: their commits wait for one another.
func BenchmarkSwap(b *testing.B) {
	b.Run("living", func(b *testing.B) { benchmarkSwap(b, time.Time{}) })
	b.Run("ended", func(b *testing.B) { benchmarkSwap(b, time.Now()) })
}

func benchmarkSwap(b *testing.B, ended time.Time) {
	s, _ := benchStore(b)
	const workers = 64
	recs := make(chan *latchkey.Record, workers)
	for range workers {
		rec := session()
		if err := s.Create(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
		recs <- rec
	}
	b.SetParallelism((workers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			next := *<-recs
			next.Version++
			next.EndedAt = ended
			if err := s.Swap(b.Context(), &next); err != nil {
				b.Error(err)
			}
			recs <- &next
		}
	})
	perSecond(b, "swaps/s")
}

func perSecond(b *testing.B, unit string) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit) }

// BenchmarkInvalidation measures how long after the call of a Swap on one instance, and after its
// return, another instance is notified of it.
func BenchmarkInvalidation(b *testing.B) {
	writer, url := benchStore(b)
	reader := open(b, url)
	ctx, cancel := context.WithCancel(b.Context())
	type telling struct {
		id latchkey.ID
		at time.Time
	}
	told, began, ended := make(chan telling, 16), make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() { close(began) })
	go func() {
		ended <- reader.Watch(ctx, func(id latchkey.ID) { told <- telling{id, time.Now()} }, func(time.Time) { begin() })
	}()
	defer func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
	}()
	<-began
	var fromCall, fromReturn []time.Duration
	for b.Loop() {
		next := *session()
		if err := writer.Create(b.Context(), &next); err != nil {
			b.Fatal(err)
		}
		<-told
		next.Version++
		called := time.Now()
		if err := writer.Swap(b.Context(), &next); err != nil {
			b.Fatal(err)
		}
		returned := time.Now()
		swap := <-told
		if swap.id != next.ID {
			b.Fatal("told of another")
		}
		fromCall, fromReturn = append(fromCall, swap.at.Sub(called)), append(fromReturn, swap.at.Sub(returned))
	}
	percentiles(b, "call", fromCall)
	percentiles(b, "return", fromReturn)
}

func percentiles(b *testing.B, from string, times []time.Duration) {
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "µs-p50-from-"+from)
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "µs-p99-from-"+from)
}
