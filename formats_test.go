package latchkey_test

import (
	"flag"
	"testing"

	"github.com/latchkey-dev/latchkey/internal/formattest"
	"github.com/latchkey-dev/latchkey/memstore"
)

var makeSamples = flag.String("formats.make", "", "the directory into which to write samples of the formats as this program has them")

// TestFormats_served: sessions that any version has stored are served to the browsers that have
// their cookies.
func TestFormats_served(t *testing.T) {
	for _, version := range []string{"v1", "v2", "v2bound"} {
		t.Run(version, func(t *testing.T) {
			s := formattest.Load(t, "testdata/formats/"+version)
			store := memstore.New()
			s.Check(t)
			s.Fill(t, store)
			s.Serve(t, store)
		})
	}
}

// TestFormats_storeLost: so are those that the store has lost.
func TestFormats_storeLost(t *testing.T) {
	for _, version := range []string{"v1", "v2", "v2bound"} {
		t.Run(version, func(t *testing.T) {
			formattest.Load(t, "testdata/formats/"+version).ServeLost(t, memstore.New())
		})
	}
}

// TestFormats_make writes samples: go test -run TestFormats_make -formats.make testdata/formats/v2
// .
func TestFormats_make(t *testing.T) {
	if *makeSamples == "" {
		t.Skip("samples are made once")
	}
	formattest.Make(t, memstore.New()).Save(t, *makeSamples)
}
