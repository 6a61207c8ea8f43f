package idp

import (
	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

var (
	// ErrNotFound means that there is no such user, application or tenant.
	ErrNotFound = database.ErrNotFound

	// ErrDuplicate means that an e-mail address, username or id is taken.
	ErrDuplicate = fusion.ErrDuplicate

	// ErrOtherSecret means that the database was created with another Config.Secret.
	ErrOtherSecret = signing.ErrOtherSecret
)

// FieldError is one thing that is wrong with a request. It has a Field, the path in the request,
// such as "user.email" (empty for the request as a whole), a Kind, FusionAuth's word, such as
// "blank" or "duplicate", and a Message for the developer. Code returns FusionAuth's code, such as
// "[blank]user.email".
type FieldError = fusion.FieldError

// ValidationError is everything that is wrong with a request: a slice of [FieldError]. Over HTTP it
// is a 400 with FusionAuth's error body. It is [ErrDuplicate] if one of its errors says that
// something is taken.
type ValidationError = fusion.ValidationError
