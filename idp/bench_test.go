package idp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/internal/pgtest"
)

// BenchmarkRefresh is the throughput of /api/jwt/refresh, each caller with a
// line of tokens of its own.
func BenchmarkRefresh(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "idp.db")
		benchmarkRefresh(b, func(c *idp.Config) { c.Path = path })
	})
	b.Run("PostgreSQL", func(b *testing.B) {
		url := pgtest.Shared(b).Database(b)
		benchmarkRefresh(b, func(c *idp.Config) { c.Postgres = idp.PostgresURL(url) })
	})
}

func benchmarkRefresh(b *testing.B, where func(*idp.Config)) {
	p := idptest.New(b, idptest.WithoutSocket(), idptest.WithConfig(where))
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	login := fmt.Sprintf(`{"loginId":"ada@example.com","password":%q,"applicationId":%q}`, idptest.Password, app.ID)
	var failed atomic.Bool
	post := func(path, body string) string {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Authorization", p.APIKey)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		_, after, ok := strings.Cut(w.Body.String(), `"refreshToken":"`)
		if w.Code != http.StatusOK || !ok {
			failed.Store(true)
		}
		token, _, _ := strings.Cut(after, `"`)
		return token
	}
	const callers = 64
	tokens := make(chan string, callers)
	for range callers {
		tokens <- post("/api/login", login)
	}
	b.SetParallelism(callers / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		token := <-tokens
		for pb.Next() {
			token = post("/api/jwt/refresh", `{"refreshToken":"`+token+`"}`)
		}
	})
	if failed.Load() {
		b.Error("a refresh failed")
	}
}
