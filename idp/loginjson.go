package idp

import (
	"slices"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type loginRequest struct {
	ApplicationID string   `json:"applicationId"`
	LoginID       string   `json:"loginId"`
	LoginIDTypes  []string `json:"loginIdTypes"`
	Password      string   `json:"password"`
	OneTime       ticket   `json:"oneTimePassword"` // instead of loginId and password
	NoJWT         bool     `json:"noJWT"`
	Trust         ticket   `json:"twoFactorTrustId"`
	IPAddress     string   `json:"ipAddress"`
	EventInfo     struct {
		IPAddress string `json:"ipAddress"`
	} `json:"eventInfo"`
	MetaData struct {
		Device device `json:"device"`
	} `json:"metaData"`

	passed  bool   // no code is needed: one was given, or the computer is trusted
	trustID ticket // goes into the answer
}

// check fills in the default types and the application's id in its canonical form.
func (req *loginRequest) check() error {
	var wrong ValidationError
	if req.LoginID == "" && req.OneTime == "" {
		wrong = append(wrong, fusion.Invalid("loginId", "blank", "Say who wants to log in.")...)
	}
	if req.Password == "" && req.OneTime == "" {
		wrong = append(wrong, fusion.Invalid("password", "blank", "Give the password.")...)
	}
	if len(req.LoginIDTypes) == 0 {
		req.LoginIDTypes = []string{loginIDEmail, loginIDUsername}
	}
	unknown := func(t string) bool { return t != loginIDEmail && t != loginIDUsername && t != loginIDPhone }
	if slices.ContainsFunc(req.LoginIDTypes, unknown) {
		wrong = append(wrong, fusion.Invalid("loginIdTypes", "invalid", "The types are email, username and phoneNumber.")...)
	}
	id, err := fusion.ParseID("applicationId", req.ApplicationID)
	if err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	req.ApplicationID = id
	return fusion.OrNil(wrong)
}

type loginResponse struct {
	Token                  string    `json:"token,omitempty"`
	TokenExpirationInstant int64     `json:"tokenExpirationInstant,omitzero"`
	RefreshToken           string    `json:"refreshToken,omitempty"`
	RefreshTokenID         string    `json:"refreshTokenId,omitempty"`
	TwoFactorTrustID       ticket    `json:"twoFactorTrustId,omitempty"`
	User                   *userJSON `json:"user,omitempty"`
}
