// Package rotation is docs/rotation.md as code: what genuine cookies may do, and what a session is
// after each step, decided from the session's state, the cookies and the time alone.
//
// The rules rest on one fact: a browser has one cookie jar, so of the branches of a generation an
// honest browser keeps exactly one.
//
//	state.go        what a session is: State
//	proof.go        what a request shows of it: Proof
//	rules.go        what it may do: Limits.Judge
//	ahead.go        rule 7: JWTs that are refreshed ahead of time
//	transitions.go  what the session is after that
//
// The search (search_*_test.go) explores every history with these very functions.
package rotation
