// Package throttle slows down guesses: [Logins] counts failed logins, and [Rate] how often a key
// may do something. Each counts on this node alone, in a bounded number of buckets. It imports the
// standard library only.
package throttle
