package breached

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/FastFilter/xorfilter"
)

// shardSize is the approximate maximum number of passwords in a shard: a lookup reads a whole
// shard.
const shardSize = 1 << 18

// Built counts what a list contained.
type Built struct {
	Passwords uint64 // different ones
	Passed    uint64 // lines that cannot be set as passwords
	Bytes     int64  // of the file
}

// Build makes the filter of a list in a file, completely or not at all. The list may have any
// length: building takes about 60 MiB of memory plus a tenth of a byte for each line, and, for the
// time being, eight bytes of disk for each line, next to the file.
func Build(list io.Reader, name string) (b Built, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	keys, err := newSpill(dir)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, keys.close()) }()
	if b.Passed, err = eachKey(list, keys.add); err != nil {
		return b, fmt.Errorf("read the list: %w", err)
	}
	if keys.total() == 0 {
		return b, errors.New("the list contains no password")
	}
	made := filepath.Join(dir, "filter")
	if b.Passwords, b.Bytes, err = write(made, keys, shardBits(keys.total())); err != nil {
		return b, err
	}
	return b, os.Rename(made, name)
}

// write makes a file of the keys. The index is written last, when it is known.
func write(name string, keys *spill, shardBits int) (passwords uint64, size int64, err error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	x := index{shardBits: shardBits}
	if _, err := file.Seek(indexSize(x.shardBits), io.SeekStart); err != nil {
		return 0, 0, err
	}
	out := bufio.NewWriterSize(file, 256<<10)
	if err := x.writeShards(out, keys); err != nil {
		return 0, 0, err
	}
	if err := out.Flush(); err != nil {
		return 0, 0, err
	}
	if _, err := file.WriteAt(x.marshal(), 0); err != nil {
		return 0, 0, err
	}
	if size, err = file.Seek(0, io.SeekEnd); err != nil {
		return 0, 0, err
	}
	return x.passwords, size, file.Sync()
}

func shardBits(keys uint64) (bits int) {
	for bits < maxShardBits && keys>>bits > shardSize {
		bits++
	}
	return bits
}

// writeShards processes the buckets in order. If there are fewer shards than buckets, several
// buckets make one shard.
func (x *index) writeShards(out io.Writer, keys *spill) error {
	var builder xorfilter.BinaryFuseBuilder
	var pending, bucket []uint64
	perShard := max(1, buckets>>x.shardBits)
	for n := range buckets {
		var err error
		if bucket, err = keys.keys(n, bucket); err != nil {
			return err
		}
		if pending = append(pending, bucket...); (n+1)%perShard != 0 {
			continue
		}
		slices.Sort(pending)
		pending = slices.Compact(pending)
		x.passwords += uint64(len(pending))
		for rest := pending; len(x.shards)<<8 < (n+1)<<x.shardBits; {
			end, next := len(rest), uint64(len(x.shards)+1)
			if next < 1<<x.shardBits {
				end, _ = slices.BinarySearch(rest, next<<(64-x.shardBits))
			}
			if err := x.writeShard(out, &builder, rest[:end]); err != nil {
				return err
			}
			rest = rest[end:]
		}
		pending = pending[:0]
	}
	return nil
}

func (x *index) writeShard(out io.Writer, builder *xorfilter.BinaryFuseBuilder, keys []uint64) error {
	if len(keys) == 0 {
		x.shards = append(x.shards, shard{})
		return nil
	}
	fuse, err := xorfilter.BuildBinaryFuse[uint16](builder, keys)
	if err != nil {
		return fmt.Errorf("make the filter: %w", err)
	}
	b := make([]byte, 0, 2*len(fuse.Fingerprints))
	for _, f := range fuse.Fingerprints {
		b = binary.LittleEndian.AppendUint16(b, f)
	}
	x.shards = append(x.shards, shard{seed: fuse.Seed, segmentLength: fuse.SegmentLength, segments: fuse.SegmentCount, sum: crc32.Checksum(b, castagnoli)})
	_, err = out.Write(b)
	return err
}
