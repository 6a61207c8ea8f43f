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

// BenchmarkRefusedLogin compares the time of a login of an unknown user with that of a wrong password, at the real cost of the hash, in turn (LGN-04).
// It reports the ratio of the medians, which should be 1, and Welch's t, which should be small. It judges nothing: machines are noisy.
//
//	go test -run '^$' -bench RefusedLogin -benchtime 200x ./idp
func BenchmarkRefusedLogin(b *testing.B) {
	p := idptest.New(b, idptest.WithoutSocket(), idptest.WithConfig(func(c *idp.Config) { c.Hash = idp.HashConfig{} }))
	app := p.AddApplication(idp.Application{})
	p.AddUser("ada@example.com", app.ID)
	try := func(loginID string) time.Duration {
		r := httptest.NewRequest("POST", "/api/login", strings.NewReader(fmt.Sprintf(`{"loginId":%q,"password":"wrong","applicationId":%q}`, loginID, app.ID)))
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
	var unknown, wrong []float64
	for b.Loop() {
		unknown = append(unknown, try("nobody@example.com").Seconds())
		wrong = append(wrong, try("ada@example.com").Seconds())
	}
	slices.Sort(unknown)
	slices.Sort(wrong)
	b.ReportMetric(unknown[len(unknown)/2]/wrong[len(wrong)/2], "unknown/wrong")
	b.ReportMetric(welch(unknown, wrong), "welch-t")
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
