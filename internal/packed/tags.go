package packed

// The tags of a session's fields, in a record, a refresh cookie and wherever else they are kept.
// Those up to 44 began with version 2: every reader of a format that had them then knows them, so
// there it does not matter which are even. A format that has one of them only later takes a new tag
// for it.
//
// To add a field: take the next number, an odd one if a program that does not know the field may
// serve the session all the same, an even one if it must not. Keep a sample of it in
// testdata/formats.
const (
	TagID      Tag = 1
	TagVersion Tag = 2
	TagApp     Tag = 3

	TagUserID            Tag = 4
	TagEmail             Tag = 5
	TagEmailVerified     Tag = 6
	TagUsername          Tag = 7
	TagFirstName         Tag = 8
	TagLastName          Tag = 9
	TagFullName          Tag = 10
	TagImageURL          Tag = 11
	TagPreferredLanguage Tag = 12
	TagTimezone          Tag = 13
	TagRoles             Tag = 14

	TagToken          Tag = 15
	TagTokenExpiresAt Tag = 16
	TagRefreshToken   Tag = 17
	TagRefreshTokenID Tag = 18

	TagGeneration  Tag = 19
	TagRefreshedAt Tag = 20
	TagForked      Tag = 21
	TagRebuilt     Tag = 22
	TagPersistent  Tag = 23
	TagConfirmedAt Tag = 24
	TagSettled     Tag = 25
	TagPredecessor Tag = 26
	TagClaimFlight Tag = 27
	TagClaimUntil  Tag = 28

	TagUserAgent Tag = 29
	TagIP        Tag = 30
	TagPublicKey Tag = 31

	TagAuthenticatedAt  Tag = 32
	TagAuthMethods      Tag = 33
	TagCreatedAt        Tag = 34
	TagLastSeenAt       Tag = 35
	TagExpiresAt        Tag = 36
	TagRefreshExpiresAt Tag = 37
	TagDeadline         Tag = 38
	TagEndedAt          Tag = 39
	TagEndReason        Tag = 40
	TagUnrevoked        Tag = 41

	TagMAC Tag = 42 // of a record

	TagBranch   Tag = 43 // of a cookie
	TagMintedAt Tag = 44 // of a cookie

	// when the browser first used the public key: since then the session needs a proof
	TagBoundAt Tag = 48
)

// Reserved: nothing writes these yet.
const (
	TagDeviceID Tag = 45
	// of session: one that is not for everything must not be served as one that is
	TagKind        Tag = 46
	TagConfirmedBy Tag = 47 // the browser that confirmed the newest generation
)
