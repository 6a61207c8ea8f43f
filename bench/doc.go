// Package bench measures Latchkey and its alternatives side by side: make bench. It holds tests
// only.
//
// Each subject is a process of its own that answers GET / with the logged-in user; wrk loads one
// after the other, in several rounds, so that a slow phase of the machine affects all. The result
// is the ratio to a bare handler of the same platform, which reads a cookie and answers the same.
package bench
