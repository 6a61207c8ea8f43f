// Package race lets long simulations be short under the race detector, which makes them ten times
// slower. They run one goroutine at a time, and make test runs them in full without the detector.
package race
