package e2e_test

import (
	"encoding/json"
	"net/http"
)

// What an administrator does at the provider, through its API.

func (w *world) administer(method, path string, answer any) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), method, w.provider.URL+path, nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", w.provider.APIKey)
	resp, err := w.provider.Client.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.Fatalf("%s %s: %s", method, path, resp.Status)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		w.Fatal(err)
	}
}

// refreshTokens returns the ids of the user's living refresh tokens for the site.
func (s *site) refreshTokens() (ids []string) {
	s.Helper()
	var answer struct {
		RefreshTokens []struct{ ID, ApplicationID string }
	}
	s.administer("GET", "/api/jwt/refresh?userId="+s.user.ID, &answer)
	for _, token := range answer.RefreshTokens {
		if token.ApplicationID == s.applicationID {
			ids = append(ids, token.ID)
		}
	}
	return ids
}

// revokeAtProvider revokes the user's refresh tokens for the site, unknown to the app.
func (s *site) revokeAtProvider() {
	s.Helper()
	ids := s.refreshTokens()
	if len(ids) == 0 {
		s.Fatal("there is no refresh token to revoke")
	}
	for _, id := range ids {
		s.administer("DELETE", "/api/jwt/refresh/"+id, nil)
	}
}
