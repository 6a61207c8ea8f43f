package dbsc

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// An Algorithm is what a key signs with, by its JOSE name (RFC 7518 §3.1).
type Algorithm string

// The algorithms that browsers have for this.
const (
	ES256 Algorithm = "ES256" // ECDSA with P-256 and SHA-256
	RS256 Algorithm = "RS256" // RSASSA-PKCS1-v1_5 with SHA-256
)

// An Offer asks the browser to bind a session: it is to make a key, and to prove that it has it.
type Offer struct {
	Algorithms    []Algorithm // the best first; none: ES256
	Path          string      // where the browser posts its Registration: a path or a URL
	Challenge     string      // what it signs
	Authorization string      // what it signs too; may be empty
}

// AddTo adds the offer to the headers of a response.
func (o Offer) AddTo(h http.Header) error {
	if o.Path == "" || o.Challenge == "" {
		return errors.New("dbsc: an offer needs a path and a challenge: without one, the browser proves nothing")
	}
	algorithms := o.algorithms()
	for _, a := range algorithms {
		if a != ES256 && a != RS256 {
			return fmt.Errorf("dbsc: offer ES256 or RS256, not %q", a)
		}
	}
	text := "(" + join(algorithms) + ")"
	for _, p := range []struct{ key, value string }{
		{"path", o.Path}, {"challenge", o.Challenge}, {"authorization", o.Authorization},
	} {
		if p.value == "" {
			continue
		}
		quoted, err := quote(p.value)
		if err != nil {
			return err
		}
		text += ";" + p.key + "=" + quoted
	}
	h.Add(HeaderRegistration, text)
	return nil
}

func (o Offer) algorithms() []Algorithm {
	if len(o.Algorithms) == 0 {
		return []Algorithm{ES256}
	}
	return o.Algorithms
}

func join(algorithms []Algorithm) string {
	words := make([]string, len(algorithms))
	for i, a := range algorithms {
		words[i] = string(a)
	}
	return strings.Join(words, " ")
}

// ParseOffers returns the offers in the headers of a response. It keeps unknown algorithms.
func ParseOffers(h http.Header) ([]Offer, error) {
	members, err := parseField(h, HeaderRegistration)
	if err != nil {
		return nil, err
	}
	var offers []Offer
	for _, m := range members {
		o := Offer{}
		list, _ := m.value.([]any)
		for _, item := range list {
			name, isToken := item.(token)
			if !isToken {
				return nil, errors.New("dbsc: an algorithm is not a token")
			}
			o.Algorithms = append(o.Algorithms, Algorithm(name))
		}
		o.Path, _ = m.params["path"].(string)
		o.Challenge, _ = m.params["challenge"].(string)
		o.Authorization, _ = m.params["authorization"].(string)
		if len(o.Algorithms) == 0 || o.Path == "" {
			return nil, errors.New("dbsc: an offer lacks its algorithms or its path")
		}
		offers = append(offers, o)
	}
	return slices.Clip(offers), nil
}
