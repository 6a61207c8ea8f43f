// Package schemes compares Latchkey's rotation with published schemes: the same browsers, thieves
// and mishaps for each. Latchkey is the real Guard with the real embedded provider; the others are
// small models written from their documents and sources. Everything is in the tests, and in
// simulated time:
//
//	make simulate-schemes
package schemes
