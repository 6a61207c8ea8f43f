package idp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// BenchmarkRefresh is the throughput of /api/jwt/refresh on a file, each caller
// with a line of tokens of its own.
func BenchmarkRefresh(b *testing.B) {
	path := filepath.Join(b.TempDir(), "idp.db")
	p := idptest.New(b, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) { c.Path = path }))
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	login := fmt.Sprintf(`{"loginId":"ada@example.com","password":%q,"applicationId":%q}`, idptest.Password, app.ID)
	b.SetParallelism(32)
	b.ReportAllocs()
	var failed atomic.Bool
	b.RunParallel(func(pb *testing.PB) {
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
		token := post("/api/login", login)
		for pb.Next() {
			token = post("/api/jwt/refresh", `{"refreshToken":"`+token+`"}`)
		}
	})
	if failed.Load() {
		b.Error("a refresh failed")
	}
}
