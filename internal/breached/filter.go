package breached

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/FastFilter/xorfilter"
)

var (
	errNotOurs  = errors.New("not a filter of breached passwords: latchkey passwords build-filter makes one from a list")
	errDamaged  = errors.New("damaged: build the filter again")
	errCutShort = errors.New("truncated: build or copy the filter again")
)

// A Filter is an open file. It is safe for concurrent use.
type Filter struct {
	name  string
	file  source
	index index
}

// source is a file, or its bytes.
type source interface {
	io.ReaderAt
	io.Closer
}

// Open opens the filter in a file, and reads its index. Shards are verified when they are used;
// Check verifies all of them.
func Open(name string) (*Filter, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	var f *Filter
	if err == nil {
		f, err = load(name, file, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func load(name string, file source, size int64) (*Filter, error) {
	fail := func(err error) (*Filter, error) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errCutShort
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	header := make([]byte, min(headerSize, size))
	if _, err := file.ReadAt(header, 0); err != nil {
		return fail(err)
	}
	x, err := parseHeader(header)
	if err != nil {
		return fail(err)
	}
	if size < indexSize(x.shardBits) {
		return fail(errCutShort)
	}
	whole := make([]byte, indexSize(x.shardBits))
	if _, err := file.ReadAt(whole, 0); err != nil {
		return fail(err)
	}
	if err := x.parseShards(whole, size); err != nil {
		return fail(err)
	}
	return &Filter{name, file, x}, nil
}

// Passwords is the number of distinct passwords in the filter.
func (f *Filter) Passwords() uint64 { return f.index.passwords }

// Close closes the file.
func (f *Filter) Close() error { return f.file.Close() }

// Has reports whether a password, exactly these bytes, is in the set.
func (f *Filter) Has(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	key := binary.BigEndian.Uint64(sum[:])
	fuse, err := f.shard(int(key >> (64 - f.index.shardBits)))
	return err == nil && fuse != nil && fuse.Contains(key), err
}

// Check reads the whole file.
func (f *Filter) Check() error {
	for n := range f.index.shards {
		if _, err := f.shard(n); err != nil {
			return err
		}
	}
	return nil
}

// shard reads one shard, nil if it is empty.
func (f *Filter) shard(n int) (*xorfilter.BinaryFuse[uint16], error) {
	s := f.index.shards[n]
	if s.segments == 0 {
		return nil, nil
	}
	b := make([]byte, 2*s.fingerprints())
	if _, err := f.file.ReadAt(b, s.offset); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", f.name, errCutShort)
	} else if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.name, err)
	}
	if crc32.Checksum(b, castagnoli) != s.sum {
		return nil, fmt.Errorf("%s: %w", f.name, errDamaged)
	}
	fuse := &xorfilter.BinaryFuse[uint16]{
		Seed: s.seed, SegmentLength: s.segmentLength, SegmentLengthMask: s.segmentLength - 1,
		SegmentCount: s.segments, SegmentCountLength: s.segments * s.segmentLength, Fingerprints: make([]uint16, s.fingerprints()),
	}
	for i := range fuse.Fingerprints {
		fuse.Fingerprints[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return fuse, nil
}
