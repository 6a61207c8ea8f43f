package rotation

// An Action is what a verdict asks for.
type Action int

// The actions.
const (
	Serve          Action = iota
	Mint                  // serve, with the cookies of one more branch of this generation
	Rotate                // refresh at the provider: the next generation, with new cookies
	RefreshOnly           // refresh at the provider, keep the generation, then judge again
	RefreshEarly          // rule 7: serve, and refresh in the background; see Limits.DueRefresh
	Advance               // rule 7: begin the next generation with the tokens we have
	Rebuild               // the state is older than the cookie: rebuild it from the cookie
	Refuse                // not logged in; nothing ends
	RejectStale           // a stale session cookie alone: refuse, and report it
	ChallengeKept         // rule 2: ask whether this is the branch that the browser kept
	ChallengeStale        // rule 6: ask whether the browser has no newer cookies, and report it
	End                   // the session ends now, for Verdict.Cause
	AlreadyEnded          // the session had ended
	RefuseUnproven        // rule 8: the proof of the key is missing; nothing ends
	Rebind                // rule 8: the state has lost the binding: restore it, then judge again
)

// AsksProvider reports whether the request has to wait for the provider.
func (a Action) AsksProvider() bool { return a == Rotate || a == RefreshOnly }

// Serves reports whether the request is served at once.
func (a Action) Serves() bool { return a == Serve || a == Mint || a == Advance }

// A Cause is why the rules end a session. Zero means that they do not.
type Cause int

// The causes.
const (
	AbsoluteTimeout Cause = iota + 1
	RefreshExpired
	ReuseDetected
)

// A Verdict is what the rules answer to a proof.
type Verdict struct {
	Action Action
	Cause  Cause
	// Changed is the state to store before acting; nil if it stays as it is.
	Changed *State
}

// String names the action in a test's message.
func (a Action) String() string {
	names := [...]string{
		"serve", "mint", "rotate", "refresh only", "refresh early", "advance", "rebuild", "refuse", "reject stale",
		"challenge kept", "challenge stale", "end", "already ended", "refuse unproven", "rebind",
	}
	if int(a) < len(names) {
		return names[a]
	}
	return "no action"
}
