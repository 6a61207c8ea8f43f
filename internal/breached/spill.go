package breached

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// buckets is the number of files into which the keys are sorted before the filters are made. One
// bucket at a time is in memory: 1/256 of the list.
const buckets = 256

// maxBucket bounds the memory: a larger bucket means that the hashes are not evenly spread.
const maxBucket = 1 << 27

// spill keeps the keys on disk, by their first byte.
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
		return fmt.Errorf("more than %d hashes begin with %02x: the list is too long, or its hashes are not SHA-1", maxBucket, bucket)
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

// keys returns the keys of one bucket, in the order of the list. The slice may be reused.
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
