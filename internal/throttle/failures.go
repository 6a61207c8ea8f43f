package throttle

import "time"

// failures are the recent failures of a bucket.
type failures struct {
	count int
	last  time.Time // of the newest attempt
}

func (f failures) idle(now time.Time) bool { return now.Sub(f.last) > forgotten }

func (f failures) lighter(than failures) bool { return f.count < than.count }

// wait is how long after the newest attempt the next one may come.
func (f failures) wait(kind bucketKind) time.Duration {
	over := f.count - freeAttempts[kind]
	if over < 0 {
		return 0
	}
	if over > 10 {
		return longestWait
	}
	return min(firstWait<<over, longestWait)
}
