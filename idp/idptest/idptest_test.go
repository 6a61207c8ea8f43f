package idptest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func login(t *testing.T, p *idptest.Provider, applicationID, email string) (status int, refreshToken string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"loginId": email, "password": idptest.Password, "applicationId": applicationID})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", p.URL+"/api/login", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", p.APIKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ RefreshToken string }
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, answer.RefreshToken
}

func TestLoginOverSocket(t *testing.T) {
	p := idptest.New(t)
	app := p.AddApplication(idp.Application{})
	u := p.AddUser("ada@example.com", app.ID)
	if status, token := login(t, p, app.ID, u.Email); status != http.StatusOK || token == "" {
		t.Errorf("login = %d, refresh token %q; want 200 and a token", status, token)
	}
	if n := p.Calls("/api/login"); n != 1 {
		t.Errorf("%d calls of /api/login were counted, want 1", n)
	}
}

func TestInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := idptest.New(t, idptest.WithoutSocket())
		app := p.AddApplication(idp.Application{RefreshTokenTTL: time.Hour})
		p.AddUser("ada@example.com", app.ID)
		_, token := login(t, p, app.ID, "ada@example.com")
		time.Sleep(time.Hour) // the bubble's clock
		resp, err := p.Client.Post(p.URL+"/api/jwt/refresh", "application/json", strings.NewReader(`{"refreshToken":"`+token+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("refresh after the token's life = %d, want 404", resp.StatusCode)
		}
	})
}

func TestFaults(t *testing.T) {
	p := idptest.New(t, idptest.WithoutSocket(), idptest.WithFaults(func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	}))
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	if status, _ := login(t, p, app.ID, "ada@example.com"); status != http.StatusBadGateway {
		t.Errorf("login through the fault = %d, want 502", status)
	}
}
