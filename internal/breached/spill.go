package breached

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// buckets is how many files the keys are sorted into before the filters are
// made. A bucket is in memory at once: a 256th of the list.
const buckets = 256

// maxBucket keeps the bound on memory: hashes that are not evenly spread are none.
const maxBucket = 1 << 27

// spill has the keys on disk, by their first byte.
type spill struct {
	files   [buckets]*os.File
	writers [buckets]*bufio.Writer
	counts  [buckets]int
}

func newSpill(dir string) (s *spill, err error) {
	s = new(spill)
	for i := range s.files {
		if s.files[i], err = os.CreateTemp(dir, "bucket-*"); err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.writers[i] = bufio.NewWriterSize(s.files[i], 32<<10)
	}
	return s, nil
}

func (s *spill) close() (err error) {
	for _, f := range s.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func (s *spill) add(key uint64) error {
	bucket := key >> 56
	if s.counts[bucket]++; s.counts[bucket] > maxBucket {
		return fmt.Errorf("more than %d hashes begin with %02x: the list is too long, or its hashes are none of SHA-1", maxBucket, bucket)
	}
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], key)
	_, err := s.writers[bucket].Write(b[:])
	return err
}

func (s *spill) total() (n uint64) {
	for _, c := range s.counts {
		n += uint64(c)
	}
	return n
}

// keys returns those of one bucket, in the order of the list. The slice may be used again.
func (s *spill) keys(bucket int, reuse []uint64) ([]uint64, error) {
	file := s.files[bucket]
	if err := s.writers[bucket].Flush(); err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in, keys := bufio.NewReaderSize(file, 256<<10), reuse[:0]
	for range s.counts[bucket] {
		var b [8]byte
		if _, err := io.ReadFull(in, b[:]); err != nil {
			return nil, err
		}
		keys = append(keys, binary.LittleEndian.Uint64(b[:]))
	}
	return keys, nil
}
