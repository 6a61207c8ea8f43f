// Package bench measures Latchkey, and what people would use instead, side by side: make bench. It holds tests only.
//
// Each subject is a process of its own that answers GET / with who is logged in; wrk loads one after the other, in several rounds, so that a machine that is
// slower for a while is slower for all. What counts are the ratios to a bare handler of the same platform, which reads a cookie and answers as much.
package bench
