package cookie

import "testing"

func TestRefreshChallenges_ofAnotherKey(t *testing.T) {
	challenges := NewRefreshChallenges(newKeys(), "store", "store.test")
	if _, ok := challenges.Parse(challenges.Format(someSubject.id, someSubject.thumbprint, someTime), someSubject.id, [32]byte{3}); ok {
		t.Error("it is genuine for another key of the same session")
	}
}

func FuzzChallenges(f *testing.F) {
	keys := fuzzKeys()
	registration, refresh := NewRegistrationChallenges(keys, "store", "store.test"), NewRefreshChallenges(keys, "store", "store.test")
	first, next := registration.Format(someSubject.id, someTime), refresh.Format(someSubject.id, someSubject.thumbprint, someTime)
	f.Add(first)
	f.Add(next)
	f.Add(refresh.Format([16]byte{9}, someSubject.thumbprint, someTime))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := registration.Parse(text, someSubject.id); ok && (text != first || !at.Equal(someTime)) {
			t.Errorf("%q is taken for a challenge of a registration at %v", text, at)
		}
		if at, ok := refresh.Parse(text, someSubject.id, someSubject.thumbprint); ok && (text != next || !at.Equal(someTime)) {
			t.Errorf("%q is taken for a challenge of a refresh at %v", text, at)
		}
	})
}
