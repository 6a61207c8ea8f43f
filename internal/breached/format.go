package breached

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
)

const (
	magic      = "LKBREACH"
	version    = 1
	headerSize = 8 + 4 + 4 + 8
	entrySize  = 8 + 4 + 4 + 4
	sumSize    = 4

	// maxShardBits leaves room for more passwords than there are people.
	maxShardBits = 16

	// maxSegment is the longest segment that the filter's library makes.
	maxSegment = 1 << 18
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// shard is one filter in the index. Without segments it is empty.
type shard struct {
	seed          uint64
	segmentLength uint32
	segments      uint32
	sum           uint32

	offset int64 // of its fingerprints in the file
}

// fingerprints is the number of fingerprints.
func (s shard) fingerprints() int64 {
	if s.segments == 0 {
		return 0
	}
	return (int64(s.segments) + 2) * int64(s.segmentLength)
}

// index is what comes before the shards in the file.
type index struct {
	passwords uint64
	shardBits int
	shards    []shard
}

// indexSize is the length of header and index.
func indexSize(shardBits int) int64 { return headerSize + entrySize<<shardBits + sumSize }

func (x index) marshal() []byte {
	b := append(make([]byte, 0, indexSize(x.shardBits)), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(x.shardBits))
	b = binary.LittleEndian.AppendUint64(b, x.passwords)
	for _, s := range x.shards {
		b = binary.LittleEndian.AppendUint64(b, s.seed)
		b = binary.LittleEndian.AppendUint32(b, s.segmentLength)
		b = binary.LittleEndian.AppendUint32(b, s.segments)
		b = binary.LittleEndian.AppendUint32(b, s.sum)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseHeader reads the beginning of a file, and the number of shards.
func parseHeader(b []byte) (index, error) {
	if len(b) < headerSize || string(b[:8]) != magic {
		return index{}, errNotOurs
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != version {
		return index{}, fmt.Errorf("format version %d, but this program knows %d: use a newer program, or build the filter again", v, version)
	}
	x := index{passwords: binary.LittleEndian.Uint64(b[16:])}
	if n := binary.LittleEndian.Uint32(b[12:]); n <= maxShardBits {
		x.shardBits = int(n)
		return x, nil
	}
	return index{}, errDamaged
}

// parseShards reads the rest of the index, the whole of which is b, for a file of that size.
func (x *index) parseShards(b []byte, size int64) error {
	if int64(len(b)) != indexSize(x.shardBits) || binary.LittleEndian.Uint32(b[len(b)-sumSize:]) != crc32.Checksum(b[:len(b)-sumSize], castagnoli) {
		return errDamaged
	}
	offset := int64(len(b))
	for b := b[headerSize : len(b)-sumSize]; len(b) > 0; b = b[entrySize:] {
		s := shard{
			binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[16:]), offset,
		}
		// Lookups trust these values: no position that they compute may lie outside the file.
		if s.segments > 0 && (bits.OnesCount32(s.segmentLength) != 1 || s.segmentLength > maxSegment || s.fingerprints() > 1<<31) {
			return errDamaged
		}
		if offset += 2 * s.fingerprints(); offset > size {
			return errCutShort
		}
		x.shards = append(x.shards, s)
	}
	if offset != size {
		return errDamaged
	}
	return nil
}
