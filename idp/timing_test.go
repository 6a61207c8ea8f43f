package idp_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// BenchmarkRefusedLogin compares the time of a login of an unknown user with that of a wrong
// password of others, at the real cost of their hashes, in turn (LGN-04). For each of them it
// reports the ratio of the medians, which should be 1, and Welch's t, which should be small. It
// judges nothing: machines are noisy.
//
//	go test -run '^$' -bench RefusedLogin -benchtime 100x ./idp
func BenchmarkRefusedLogin(b *testing.B) {
	for name, imported := range map[string]object{
		"nobody imported": nil,
		"bcrypt 12":       {"encryptionScheme": "bcrypt", "factor": 12, "salt": "N9qo8uLOickgx2ZMRZoMye", "password": "IjZAgcfl7p92ldGxad68LJZdL17lhWy"},
		"PBKDF2 600000":   {"encryptionScheme": "salted-pbkdf2-hmac-sha256", "factor": 600000, "salt": "MDEyMzQ1Njc4OWFiY2RlZg==", "password": "Yq30033Xwp24jsd8Q2HUY4FuDIPEBT2giMEoOWViMhk="},
		"MD5":             {"encryptionScheme": "salted-md5", "factor": 1, "salt": "", "password": "X03MO1qnZdYdgyfeuILPmQ=="},
	} {
		b.Run(name, func(b *testing.B) { benchmarkRefusedLogin(b, imported) })
	}
}

func benchmarkRefusedLogin(b *testing.B, imported object) {
	p := idptest.New(b, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) { c.Hash = idp.HashConfig{} }))
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	who := []string{"nobody@example.com", "ada@example.com"}
	if imported != nil {
		who = append(who, "imported@example.com")
		imported["email"] = who[2]
		if _, err := p.ImportUsers(b.Context(), []byte(object{"users": []object{imported}}.String())); err != nil {
			b.Fatal(err)
		}
	}
	took := make([][]float64, len(who))
	for b.Loop() {
		for i, loginID := range who {
			took[i] = append(took[i], refusedLogin(b, p, loginID, app.ID).Seconds())
		}
	}
	for i := range took {
		slices.Sort(took[i])
		if i > 0 {
			name, _, _ := strings.Cut(who[i], "@")
			b.ReportMetric(took[0][len(took[0])/2]/took[i][len(took[i])/2], "unknown/"+name)
			b.ReportMetric(welch(took[0], took[i]), name+"-welch-t")
		}
	}
}

func refusedLogin(b *testing.B, p *idptest.Provider, loginID, applicationID string) time.Duration {
	r := httptest.NewRequest("POST", "/api/login", strings.NewReader(fmt.Sprintf(`{"loginId":%q,"password":"wrong","applicationId":%q}`, loginID, applicationID)))
	r.Header.Set("Authorization", p.APIKey)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	began := time.Now()
	p.ServeHTTP(w, r)
	took := time.Since(began)
	if w.Code != http.StatusNotFound {
		b.Fatalf("%s: %d %s", loginID, w.Code, w.Body)
	}
	return took
}

// welch returns Welch's t statistic for the difference of the means.
func welch(a, b []float64) float64 {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	return (meanA - meanB) / math.Sqrt(varA/float64(len(a))+varB/float64(len(b)))
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / math.Max(1, float64(len(x)-1))
	}
	return mean, variance
}
