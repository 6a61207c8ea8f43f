package dbsctest

import (
	"errors"
	"slices"
	"time"
)

const quotaInterval = 9 * time.Minute

var errQuota = errors.New("dbsctest: the quota of signatures is used up")

// countSignature reports whether the browser may sign once more, and counts it.
func (b *Browser) countSignature() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.countSignatureLocked()
}

func (b *Browser) countSignatureLocked() bool {
	may := b.maySignLocked()
	if may {
		b.signed = append(b.signed, b.now())
	}
	return may
}

func (b *Browser) maySignLocked() bool {
	since := b.now().Add(-quotaInterval)
	b.signed = slices.DeleteFunc(b.signed, func(at time.Time) bool { return !at.After(since) })
	return b.Quota == 0 || len(b.signed) < b.Quota
}
