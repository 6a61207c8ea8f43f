package idp

import (
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

var (
	// ErrNotFound means that there is no such user, application or tenant.
	ErrNotFound = database.ErrNotFound

	// ErrDuplicate means that an e-mail address, username or id is taken.
	ErrDuplicate = errors.New("idp: duplicate")

	// ErrOtherSecret means that the database was made with another Config.Secret.
	ErrOtherSecret = errors.New("idp: Config.Secret is not the one that this database was made with")
)

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field   string // path in the request, such as "user.email"; "" for the whole
	Kind    string // FusionAuth's word, such as "blank" or "duplicate"
	Message string // a sentence for the developer
}

// Code is FusionAuth's code, "[blank]user.email" or "[TenantIdRequired]".
func (e FieldError) Code() string { return "[" + e.Kind + "]" + e.Field }

// ValidationError is everything that is wrong with a request. Over HTTP it is
// a 400 with FusionAuth's error body.
type ValidationError []FieldError

func (v ValidationError) Error() string {
	var parts []string
	for _, e := range v {
		parts = append(parts, e.Code()+" "+e.Message)
	}
	return "idp: " + strings.Join(parts, "; ")
}

// Is makes errors.Is(err, [ErrDuplicate]) true where something is taken.
func (v ValidationError) Is(target error) bool {
	if target != ErrDuplicate {
		return false
	}
	for _, e := range v {
		if e.Kind == "duplicate" {
			return true
		}
	}
	return false
}

func invalid(field, kind, message string) ValidationError {
	return ValidationError{{field, kind, message}}
}

// orNil returns v as an error, nil where nothing is wrong.
func (v ValidationError) orNil() error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// errorsBody is the JSON form of a ValidationError.
type errorsBody struct {
	FieldErrors   map[string][]errorDetail `json:"fieldErrors,omitempty"`
	GeneralErrors []errorDetail            `json:"generalErrors,omitempty"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (v ValidationError) body() errorsBody {
	var b errorsBody
	for _, e := range v {
		d := errorDetail{e.Code(), e.Message}
		if e.Field == "" {
			b.GeneralErrors = append(b.GeneralErrors, d)
			continue
		}
		if b.FieldErrors == nil {
			b.FieldErrors = make(map[string][]errorDetail)
		}
		b.FieldErrors[e.Field] = append(b.FieldErrors[e.Field], d)
	}
	return b
}
