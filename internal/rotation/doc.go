// Package rotation is docs/rotation.md as code. It decides what genuine cookies may do, and what
// becomes of the session, from the session's state, the cookies and the time alone.
//
// The rules rest on one fact: a browser has one cookie jar, so an honest browser keeps exactly one
// branch of each generation.
//
//	state.go        State: what is known of a session
//	proof.go        Proof: what a request proves about it
//	rules.go        Limits.Judge: rules 0 to 6
//	ahead.go        rule 7: JWTs refreshed ahead of time
//	bound.go        rule 8: sessions bound to a key of their browser
//	keyproof.go     Limits.JudgeKey: how browsers prove their keys
//	action.go       Verdict: what the rules answer
//	transitions.go  the session's next state
//
// The search (search_*_test.go) explores every history with these functions, not with copies.
package rotation
