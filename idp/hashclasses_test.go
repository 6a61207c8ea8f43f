package idp

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

const oneOfMD5 = `{"email":%q,"encryptionScheme":"salted-md5","factor":7,"salt":"","password":"X03MO1qnZdYdgyfeuILPmQ=="}`
const oneOfBcrypt = `{"email":%q,"encryptionScheme":"bcrypt","factor":4,"salt":"N9qo8uLOickgx2ZMRZoMye","password":"IjZAgcfl7p92ldGxad68LJZdL17lhWy"}`

func (s *Server) imports(t *testing.T, users ...string) {
	t.Helper()
	if _, err := s.ImportUsers(t.Context(), []byte(`{"users":[`+strings.Join(users, ",")+`]}`)); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) hashClasses(t *testing.T) []string {
	t.Helper()
	all, err := database.Strings(t.Context(), s.db, `SELECT class FROM hash_classes ORDER BY class`)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The provider knows which hashes there are, from their import until the last user with one is
// gone, and covers refusals for as long.
func TestHashClasses(t *testing.T) {
	config := Config{Secret: Secret{1}, Path: filepath.Join(t.TempDir(), "idp.db"), Hash: HashConfig{MemoryKiB: 8, Iterations: 1, InsecureHash: true}}
	const own, md5, bcrypt = "$argon2id$v=19$m=8,t=1,p=1$", "$salted-md5$7$", "$2a$04$"
	open := func() *Server {
		s, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	want := func(s *Server, covered bool, classes ...string) {
		t.Helper()
		if got := s.hashClasses(t); !slices.Equal(got, classes) {
			t.Errorf("classes %q, want %q", got, classes)
		}
		s.costs.cover(t.Context())
		if got := s.hasher.Covered(); got > 0 != covered {
			t.Errorf("refusals take %v", got)
		}
	}
	want(s, false, own)
	s.imports(t, fmt.Sprintf(oneOfMD5, "md5@example.com"))
	want(s, true, own, md5)
	s.imports(t, fmt.Sprintf(oneOfBcrypt, "bcrypt@example.com"))
	want(s, true, bcrypt, own, md5)
	for _, email := range []string{"md5@example.com", "bcrypt@example.com"} {
		if _, err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		u, err := s.UserByLoginID(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteUser(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
	}
	want(s, true, bcrypt, own)
	if _, err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(s, false, own)

	// What a database of before has is found when it is opened, and so is what another
	// configuration has made.
	if _, err := s.CreateUser(t.Context(), NewUser{Email: "ada@example.com", Password: "correct horse " + strings.Repeat("b", 10)}); err != nil {
		t.Fatal(err)
	}
	s.imports(t, fmt.Sprintf(oneOfMD5, "again@example.com"))
	s.Close()
	config.Hash.MemoryKiB = 16
	s = open()
	want(s, true, "$argon2id$v=19$m=16,t=1,p=1$", own, md5)
	if err := s.db.Write(t.Context(), execOf(`DELETE FROM hash_classes`)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open()
	defer s.Close()
	want(s, true, "$argon2id$v=19$m=16,t=1,p=1$", own, md5)
}

// There may be as many factors as users. The dearest of a scheme covers the others: to measure each
// would take minutes, after the import and after every start.
func TestManyHashClasses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	for i := range 2 {
		s, err := Open(t.Context(), Config{Secret: Secret{1}, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			var users []string
			for factor := range 500 {
				users = append(users, strings.Replace(fmt.Sprintf(oneOfMD5, fmt.Sprintf("u%d@example.com", factor)), `"factor":7`, fmt.Sprintf(`"factor":%d`, factor+1), 1))
			}
			s.imports(t, users...)
		}
		if err := s.verifyPassword(t.Context(), &User{}, Tenant{}, "wrong"); err == nil {
			t.Error("nobody's password is right")
		}
		if n := len(s.hashClasses(t)); n != 501 || len(s.costs.took) != 2 || s.costs.took["$salted-md5$500$"] == 0 || s.hasher.Covered() == 0 {
			t.Errorf("%d classes, measured: %v", n, s.costs.took)
		}
		s.Close()
	}
}

// A node hears of what another has imported.
func TestHashClassesOfAnotherNode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	var passed atomic.Int64
	now := func() time.Time { return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(passed.Load())) }
	open := func() *Server {
		s, err := Open(t.Context(), Config{Secret: Secret{1}, Path: path, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	one, other := open(), open()
	one.imports(t, fmt.Sprintf(oneOfMD5, "md5@example.com"))
	passed.Add(int64(costReload))
	if err := other.verifyPassword(t.Context(), &User{}, Tenant{}, "wrong"); err == nil || other.hasher.Covered() == 0 {
		t.Errorf("%v, %v", err, other.hasher.Covered())
	}
}

// Where addresses must be proved, a right password of an account whose address is not takes as long
// as a wrong one: otherwise somebody who registers an address and logs in would learn whether it
// had an account before.
func TestGatedUsersAreRefusedAsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), Config{Secret: Secret{1}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for email, verified := range map[string]bool{"ada@example.com": true, "new@example.com": false} {
			if _, err := s.CreateUser(t.Context(), NewUser{Email: email, Password: "correct horse battery", Verified: verified}); err != nil {
				t.Fatal(err)
			}
		}
		gated := Tenant{UnverifiedBehavior: UnverifiedGated}
		took := func(tenant Tenant, email, password string) time.Duration {
			u, err := s.UserByLoginID(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			s.costs.cover(t.Context())
			s.hasher.CoverRefusals(time.Second)
			began := time.Now()
			if err := s.verifyPassword(t.Context(), &u, tenant, password); (err == nil) != (password == "correct horse battery") {
				t.Error(err)
			}
			return time.Since(began)
		}
		wrong := took(gated, "ada@example.com", "wrong horse battery")
		if right := took(gated, "new@example.com", "correct horse battery"); right != wrong || wrong == 0 {
			t.Errorf("%v for the right password of a gated user, %v for a wrong one", right, wrong)
		}
		if took(gated, "ada@example.com", "correct horse battery") != 0 || took(Tenant{}, "new@example.com", "correct horse battery") != 0 {
			t.Error("who is let in waits")
		}
	})
}

func execOf(statement string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec(statement)
		return err
	}
}
