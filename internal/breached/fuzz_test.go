package breached

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// FuzzLoad: no file makes a lookup panic. Checksums are repaired, so that the code behind their
// check is reached.
func FuzzLoad(f *testing.F) {
	name := filepath.Join(f.TempDir(), "filter")
	if _, err := Build(strings.NewReader("breached\nexposed\n"), name); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "breached", true)
	f.Add(good[:40], "", false)
	f.Fuzz(func(t *testing.T, file []byte, password string, repair bool) {
		if repair {
			repairSums(file)
		}
		filter, err := load("filter", memory{bytes.NewReader(file)}, int64(len(file)))
		if err != nil {
			return
		}
		filter.Has(password)
		if err := filter.Check(); repair && err != nil {
			t.Errorf("the sums are right, and Check says %v", err)
		}
	})
}

// repairSums repairs the checksums of a file, as far as it has any.
func repairSums(file []byte) {
	x, err := parseHeader(file)
	if err != nil || int64(len(file)) < indexSize(x.shardBits) {
		return
	}
	whole := file[:indexSize(x.shardBits)]
	sum := func() {
		binary.LittleEndian.PutUint32(whole[len(whole)-sumSize:], crc32.Checksum(whole[:len(whole)-sumSize], castagnoli))
	}
	if sum(); x.parseShards(whole, int64(len(file))) != nil {
		return
	}
	for n, s := range x.shards {
		at := file[s.offset : s.offset+2*s.fingerprints()]
		if s.segments > 0 {
			binary.LittleEndian.PutUint32(whole[headerSize+n*entrySize+16:], crc32.Checksum(at, castagnoli))
		}
	}
	sum()
}

// FuzzLine: any line has a key or none.
func FuzzLine(f *testing.F) {
	f.Add([]byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:42"))
	f.Add([]byte("cafe\u0301"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if key, says := keyOf(line); says != aPassword && key != 0 || says == nothing && len(line) > 0 && !bytes.Contains(line, []byte(":0")) {
			t.Errorf("%q: %x, %d", line, key, says)
		}
	})
}
