package dbsctest

// An Event is what became of a registration or refresh.
type Event struct {
	Kind      Kind
	SessionID string
	Reason    string // if it failed; where Chromium has a name for it, that
}

// A Kind is what an [Event] is about.
type Kind string

// The kinds of events.
const (
	Registered    Kind = "registered"
	NotRegistered Kind = "not registered"
	Refreshed     Kind = "refreshed"
	Skipped       Kind = "skipped" // not refreshed, and the session is kept; the reason is a dbsc.SkipReason
	Ended         Kind = "ended"   // the browser has forgotten the session and its key
)

// Chromium's names for why a session ends or none begins.
const (
	serverRequestedTermination = "ServerRequestedTermination"
	persistentHTTPError        = "PersistentHttpError"
	invalidChallenge           = "InvalidChallenge"
	tooManyChallenges          = "TooManyChallenges"
	invalidConfigJSON          = "InvalidConfigJson"
	mismatchedSessionID        = "MismatchedSessionId"
	missingScope               = "MissingScope"
	registrationChallenged     = "RegistrationAttemptedChallenge"
	replaced                   = "Replaced"
	signingQuotaExceeded       = "SigningQuotaExceeded"
)
