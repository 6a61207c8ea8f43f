package fusion

import (
	"errors"
	"strings"
)

// ErrDuplicate means that an e-mail address, username or id is taken.
var ErrDuplicate = errors.New("idp: duplicate")

// FieldError is one thing that is wrong with a request.
type FieldError struct {
	Field   string // path in the request, such as "user.email"; "" for the whole
	Kind    string // FusionAuth's word, such as "blank" or "duplicate"
	Message string // a sentence for the developer
}

// Code is FusionAuth's code, "[blank]user.email" or "[TenantIdRequired]".
func (e FieldError) Code() string { return "[" + e.Kind + "]" + e.Field }

// ValidationError is everything that is wrong with a request: a 400 with FusionAuth's error body.
type ValidationError []FieldError

func (v ValidationError) Error() string {
	var parts []string
	for _, e := range v {
		parts = append(parts, e.Code()+" "+e.Message)
	}
	return "idp: " + strings.Join(parts, "; ")
}

// Is makes errors.Is(err, [ErrDuplicate]) true if something is taken.
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

// Invalid is a request with one thing wrong.
func Invalid(field, kind, message string) ValidationError {
	return ValidationError{{field, kind, message}}
}

// OrNil returns v as an error, nil if nothing is wrong.
func OrNil(v ValidationError) error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// Nest moves the errors of one object of many under its place: "user.email" becomes
// "users[2].email".
func Nest(place string, v ValidationError) ValidationError {
	out := make(ValidationError, len(v))
	for i, e := range v {
		_, rest, _ := strings.Cut(e.Field, ".")
		e.Field = place + "." + rest
		out[i] = e
	}
	return out
}

// Errors is the JSON form of a [ValidationError].
type Errors struct {
	FieldErrors   map[string][]errorDetail `json:"fieldErrors,omitempty"`
	GeneralErrors []errorDetail            `json:"generalErrors,omitempty"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ErrorBody returns the JSON form of v.
func ErrorBody(v ValidationError) Errors {
	var b Errors
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
