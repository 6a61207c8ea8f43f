package latchkey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/memstore"
)

const deviceCookie = "__Host-device"

// withAddresses has the app believe from.
func (w *world) withAddresses() {
	config := w.config(w.shop, discard)
	config.ClientIP = func(r *http.Request) string {
		if ip := r.Header.Get("X-Test-Address"); ip != "" {
			return ip
		}
		return "203.0.113.7"
	}
	w.shop.start(config)
}

// THR-01: guesses at one account are slowed from wherever they come, and each costs more time than
// the last.
func TestTHR01_GuessesAtOneAccount(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		began, guesses := time.Now(), 0
		for i := range 100 {
			got := newBrowser().try(w.shop, "ada@example.com", "wrong", from(fmt.Sprintf("198.51.100.%d", i)))
			if got.status == 401 {
				guesses++
				continue
			}
			got.want(t, 429, "too_many_attempts", "")
			wait, err := strconv.Atoi(got.header.Get("Retry-After"))
			if err != nil || wait < 1 {
				t.Fatalf("Retry-After %q", got.header.Get("Retry-After"))
			}
			time.Sleep(time.Duration(wait) * time.Second)
		}
		if perDay := float64(guesses) / time.Since(began).Hours() * 24; guesses < 10 || perDay > 150 {
			t.Errorf("%d guesses in %v: %.0f a day", guesses, time.Since(began), perDay)
		}
		newBrowser().try(w.shop, "ada@example.com", "wrong", from("192.0.2.8"))
		// LGN-06: one bucket for all spellings
		newBrowser().try(w.shop, "Ada@Example.com", idptest.Password, from("192.0.2.9")).want(t, 429, "too_many_attempts", "")
	})
}

// THR-01: a provider finds one account under many spellings. All of them share one bucket, and a
// login to another account does not clear it.
func TestTHR01_Spellings(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		w.provider.AddUser("ⓕay@example.com", w.shop.application.ID)
		guesses := 0
		for i := range 40 {
			full, bold := []rune("ada@example.com"), []rune("ada@example.com")
			for j, r := range "ada" {
				if i>>j&1 == 1 {
					full[j], bold[j] = r-'!'+'！', r-'a'+'𝐚'
				}
			}
			for _, spelling := range []string{string(full), string(bold)} {
				if newBrowser().try(w.shop, spelling, "wrong", from(fmt.Sprintf("198.51.100.%d", i))).status == 401 {
					guesses++
				}
			}
			newBrowser().try(w.shop, "ⓕay@example.com", idptest.Password, from("192.0.2.8"))
		}
		if guesses > 10 {
			t.Errorf("%d guesses at one account", guesses)
		}
	})
}

// THR-03: a stranger cannot lock users out of a browser in which they have logged in before.
func TestTHR03_knownBrowserHasItsOwnBucket(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		victim := newBrowser()
		victim.login(w.shop)
		victim.send(w.shop, "POST", "/api/logout", "").want(t, 204, "", "")
		for range 50 {
			newBrowser().try(w.shop, "ada@example.com", "wrong", from("198.51.100.1"))
		}
		newBrowser().try(w.shop, "ada@example.com", idptest.Password).want(t, 429, "too_many_attempts", "")
		victim.try(w.shop, "ada@example.com", "a typing mistake").want(t, 401, "invalid_credentials", "")
		victim.try(w.shop, "ada@example.com", idptest.Password, from("198.51.100.1")).want(t, 200, "", "")

		// The bucket is for that account and that app, and has an end.
		thief := victim.copy(w.shop, deviceCookie)
		forged := newBrowser()
		genuine := thief.jar(w.shop)[deviceCookie]
		// another letter, or one that no base64 has
		forged.set(w.shop, deviceCookie, string(genuine[0]^1)+genuine[1:])
		forged.try(w.shop, "ada@example.com", idptest.Password).want(t, 429, "too_many_attempts", "")
		last := 0
		for range 20 {
			last = thief.try(w.shop, "ada@example.com", "wrong").status
		}
		if last != 429 {
			t.Errorf("a copied device cookie guesses without end: %d", last)
		}
		thief.get(w.shop, "/api/private").want(t, 401, "login_required", "")
	})
}

// THR-02: one address that tries many accounts, and does not buy itself free with one of its own.
func TestTHR02_OneAddressManyAccounts(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.withAddresses()
		statuses := make(map[int]int)
		for i := range 100 {
			statuses[newBrowser().try(w.shop, fmt.Sprintf("user%d@example.com", i), "Spring2030!", from("2001:db8::1")).status]++
			// the same /64
			newBrowser().try(w.shop, "ada@example.com", idptest.Password, from("2001:db8::2"))
		}
		if statuses[401] != 30 || statuses[429] != 70 {
			t.Errorf("statuses %v", statuses)
		}
		newBrowser().try(w.shop, "ada@example.com", idptest.Password, from("2001:db8:0:1::1")).want(t, 200, "", "")
		time.Sleep(25 * time.Hour)
		newBrowser().try(w.shop, "ada@example.com", idptest.Password, from("2001:db8::1")).want(t, 200, "", "")
	})
}

// THR-07, THR-08: known and unknown accounts are slowed alike; a right password, or a provider that
// could not look, costs nothing.
func TestTHR07_WhatCounts(t *testing.T) {
	simulateMonths(t, func(t *testing.T, w *world) {
		w.withAddresses()
		for _, email := range []string{"ada@example.com", "nobody@example.com"} {
			var statuses []int
			for i := range 8 {
				statuses = append(statuses, newBrowser().try(w.shop, email, "wrong", from(fmt.Sprintf("198.51.100.%d", i))).status)
			}
			if fmt.Sprint(statuses) != "[401 401 401 401 401 429 429 429]" {
				t.Errorf("%s: %v", email, statuses)
			}
		}
		time.Sleep(25 * time.Hour)
		for range 20 {
			for range 4 {
				newBrowser().try(w.shop, "ada@example.com", "wrong").want(t, 401, "invalid_credentials", "")
			}
			newBrowser().try(w.shop, "ada@example.com", idptest.Password).want(t, 200, "", "")
			time.Sleep(25 * time.Hour) // for the address
		}
		w.faults.set(answer(503, "", ""))
		for range 50 {
			newBrowser().try(w.shop, "ada@example.com", "wrong").want(t, 503, "provider_unavailable", "")
		}
		w.faults.set(nil)
		newBrowser().try(w.shop, "ada@example.com", idptest.Password).want(t, 200, "", "")
	})
}

// THR-01: a provider that locks accounts by itself adds to the guard's limit, and takes nothing
// from it.
func TestTHR01_TheProvidersLockout(t *testing.T) {
	guesses := func(t *testing.T, lockout idp.Lockout) (checked int) {
		simulate(t, func(t *testing.T, w *world) {
			w.withAddresses()
			must(t, w.provider.EnsureTenant(t.Context(), idp.Tenant{Name: "Default", Lockout: lockout}))
			for at := range 6 * 60 * 12 { // a botnet with an address for each guess
				if newBrowser().try(w.shop, "ada@example.com", "wrong", from(fmt.Sprintf("198.51.%d.%d", at/250, at%250))).status == 401 {
					checked++
				}
				time.Sleep(5 * time.Second)
			}
		})
		return checked
	}
	without := guesses(t, idp.Lockout{})
	if with := guesses(t, idp.Lockout{UserActionID: uuid.NewString()}); with > without {
		t.Errorf("%d passwords were checked in six hours with the provider's lockout, %d without", with, without)
	}
}

// Only an answer that the provider gives after the right password clears the failures.
func TestTHR08_whatClearsFailures(t *testing.T) {
	for code, clears := range map[latchkey.Code]bool{
		latchkey.CodeLoginPrevented: false, latchkey.CodeAccountLocked: false, latchkey.CodeTwoFactorRequired: false, "a code of another provider": false,
		latchkey.CodeNotRegistered: true, latchkey.CodeEmailNotVerified: true, latchkey.CodePasswordChangeRequired: true, latchkey.CodePasswordRefused: true,
	} {
		refusal := latchkey.CodeInvalidCredentials
		provider := &refuser{code: &refusal}
		guard, err := latchkey.New(latchkey.Config{
			Origin: "https://store.example.com", Provider: provider, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
		})
		must(t, err)
		login := func() int { return loginStatus(guard, "ada@example.com") }
		for range 4 {
			login()
		}
		refusal = code
		login()
		refusal = latchkey.CodeInvalidCredentials
		login() // the fifth, where the others count
		if refused := login() == http.StatusTooManyRequests; refused == clears {
			t.Errorf("%s: refused: %v", code, refused)
		}
		must(t, guard.Close(context.Background()))
	}
}

// A refuser refuses every login with one code.
type refuser struct {
	instant
	code *latchkey.Code
}

func (r *refuser) Login(context.Context, latchkey.Credentials) (latchkey.Grant, error) {
	return latchkey.Grant{}, &latchkey.ProviderError{Code: *r.code}
}

// loginStatus is the status of a login, by a program, from one address.
func loginStatus(guard *latchkey.Guard, loginID string) int {
	body, _ := json.Marshal(map[string]string{"loginId": loginID, "password": "any"})
	r := httptest.NewRequest("POST", "/api/login", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	guard.ServeLogin(answer, r)
	return answer.Code
}

const anyCredentials = `{"email":"ada@example.com","password":"any will do"}`
