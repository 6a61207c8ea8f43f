package cookie

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSessionIdentifiers_roundTrip(t *testing.T) {
	identifiers := NewSessionIdentifiers(newKeys(), "store", "store.test")
	for offset, want := range map[time.Duration]time.Duration{0: 0, time.Millisecond: time.Minute, time.Minute - time.Millisecond: time.Minute, time.Minute: time.Minute} {
		begin := time.Unix(1893456000, 0)
		text := identifiers.Format(someSubject.id, begin.Add(offset))
		if len(text) != 54 {
			t.Errorf("%d characters", len(text))
		}
		if id, deadline, ok := identifiers.Parse(string(text)); !ok || id != someSubject.id || !deadline.Equal(begin.Add(want)) {
			t.Errorf("%v later: %v, %v, %v; want %v later", offset, id, deadline, ok, want)
		}
	}
}

func TestSessionIdentifier_isNotPrinted(t *testing.T) {
	identifier := NewSessionIdentifiers(newKeys(), "store", "store.test").Format(someSubject.id, someTime)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("refresh", "identifier", identifier)
	texts := []string{log.String()}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		texts = append(texts, fmt.Sprintf(format, struct{ Identifier SessionIdentifier }{identifier}))
	}
	for _, text := range texts {
		if strings.Contains(text, string(identifier)) {
			t.Errorf("the identifier is printed: %s", text)
		}
	}
}

func FuzzSessionIdentifier(f *testing.F) {
	keys := fuzzKeys()
	identifiers := NewSessionIdentifiers(keys, "store", "store.test")
	genuine := string(identifiers.Format(someSubject.id, someTime))
	f.Add(genuine)
	f.Add(string(NewSessionIdentifiers(keys, "forums", "store.test").Format(someSubject.id, someTime)))
	f.Add(NewRegistrationChallenges(keys, "store", "store.test").Format(someSubject.id, someTime))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if id, deadline, ok := identifiers.Parse(text); ok && (text != genuine || id != someSubject.id || deadline.Before(someTime)) {
			t.Errorf("%q is taken for that of %v until %v", text, id, deadline)
		}
	})
}
