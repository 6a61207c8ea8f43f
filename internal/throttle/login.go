package throttle

import (
	"time"

	"github.com/latchkey-dev/latchkey/internal/clientip"
)

// Logins counts failed logins in buckets, about half a million of them at most.
//
// A stranger shares the bucket of the account that they try with all other strangers, and the
// bucket of their address with all accounts that they try. A browser that has logged in to this
// account before has a bucket of its own: no stranger can fill it, so none can lock users out of
// the browser that they use (ASVS V6.1.1). All such browsers of an account share one more bucket: a
// new browser name with each login must not mean new guesses.
//
// A bucket has some free attempts. Beyond them each failure doubles the wait until the next
// attempt.
type Logins struct {
	buckets *table[bucketKey, failures]
}

// loginBuckets bounds the memory of Logins.
const loginBuckets = 512 << 10

// NewLogins returns Logins without a failure.
func NewLogins() *Logins {
	return &Logins{newTable[bucketKey, failures](loginBuckets)}
}

// An Attempt is one login.
type Attempt struct {
	Account [16]byte // names the account, however its login id is spelled
	Browser [16]byte // a browser that has logged in to the account before; zero: none
	IP      string   // the address that it comes from
	// Ambiguous means that the login id, as it is spelled, may be an account of its own at the
	// provider: its owner cannot clear the failures of the other spellings.
	Ambiguous bool
}

type bucketKey struct {
	kind bucketKind
	name string
}

type bucketKind byte

const (
	accountBucket  bucketKind = iota // of all strangers who try an account
	addressBucket                    // of an address, whatever accounts it tries
	browserBucket                    // of one known browser
	browsersBucket                   // of all known browsers of an account
)

// freeAttempts is how many failures in a row cost no time.
var freeAttempts = [...]int{accountBucket: 5, addressBucket: 30, browserBucket: 10, browsersBucket: 30}

const (
	firstWait   = time.Second
	longestWait = 15 * time.Minute
	forgotten   = 24 * time.Hour // after the newest failure
)

// keys are the buckets of an attempt.
func (a Attempt) keys() [2]bucketKey {
	account := string(a.Account[:])
	if a.Browser != ([16]byte{}) {
		return [2]bucketKey{{browserBucket, string(a.Browser[:])}, {browsersBucket, account}}
	}
	return [2]bucketKey{{accountBucket, account}, {addressBucket, clientip.Network(a.IP)}}
}

// Enter counts an attempt as a failure before the password is checked, so that parallel guesses
// cannot slip through together (THR-05). If a bucket has no attempt left, it counts nothing and
// returns how long to wait.
func (l *Logins) Enter(a Attempt, now time.Time) (wait time.Duration) {
	keys := a.keys()
	for i, key := range keys {
		if wait = l.add(key, now); wait > 0 {
			for _, entered := range keys[:i] {
				l.subtract(entered)
			}
			return wait
		}
	}
	return 0
}

// Withdraw takes an attempt back: nobody checked the password.
func (l *Logins) Withdraw(a Attempt) {
	for _, key := range a.keys() {
		l.subtract(key)
	}
}

// TimedOut keeps the attempt for the account, since a yes may take less time than a no, but not for
// the address, or everybody behind it would wait after an outage.
func (l *Logins) TimedOut(a Attempt) {
	for _, key := range a.keys() {
		if key.kind == addressBucket {
			l.subtract(key)
		}
	}
}

// Succeeded ends an attempt whose password was right: it clears the buckets of the account and the
// browser. That of the address only loses this attempt: one who owns an account must not buy
// guesses at others with it (THR-02).
func (l *Logins) Succeeded(a Attempt) {
	for _, key := range a.keys() {
		if key.kind == browserBucket || key.kind != addressBucket && !a.Ambiguous {
			l.buckets.remove(key)
		} else {
			l.subtract(key)
		}
	}
}

// Forget clears the failures at an account, of strangers and of known browsers together.
func (l *Logins) Forget(account [16]byte) {
	l.buckets.remove(bucketKey{accountBucket, string(account[:])})
	l.buckets.remove(bucketKey{browsersBucket, string(account[:])})
}

func (l *Logins) add(key bucketKey, now time.Time) (wait time.Duration) {
	s := l.buckets.lock(key)
	defer s.mu.Unlock()
	f := s.buckets[key]
	if f.idle(now) {
		f = failures{}
	}
	if now.Before(f.last) {
		now = f.last // a later attempt got here first
	}
	if wait = f.wait(key.kind) - now.Sub(f.last); wait > 0 {
		return wait
	}
	s.put(key, failures{f.count + 1, now}, now)
	return 0
}

func (l *Logins) subtract(key bucketKey) {
	s := l.buckets.lock(key)
	defer s.mu.Unlock()
	f, counted := s.buckets[key]
	if !counted {
		return
	}
	if f.count--; f.count > 0 {
		s.buckets[key] = f
	} else {
		delete(s.buckets, key)
	}
}
