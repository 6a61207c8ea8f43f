// The race detector multiplies memory: this is not for it.

//go:build !race

package idp_test

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

var (
	floodRate    = flag.Int("flood.rate", 200, "TestLoginFlood: logins a second")
	floodTime    = flag.Duration("flood.time", time.Second, "TestLoginFlood: for how long")
	floodQueue   = flag.Int("flood.queue", 16, "TestLoginFlood: logins that may wait; 0: the default, 64")
	floodWorkers = flag.Int("flood.workers", 1, "TestLoginFlood: hashes at once; 0: the default, which leaves a processor free")
)

const (
	// floodServer names the process in which the server runs, so that its memory is its own. The
	// value is how many logins are hashed at once, and wait.
	floodServer = "LATCHKEY_IDP_FLOOD_SERVER"

	floodHashKiB = 19456 // the default
	floodSlack   = 64 << 10
	floodOthers  = 50 // authenticated requests a second
)

// TestFloodServer is the server of TestLoginFlood.
func TestFloodServer(t *testing.T) {
	workers, queue := 0, 0
	if _, err := fmt.Sscan(os.Getenv(floodServer), &workers, &queue); err != nil {
		t.Skip("TestLoginFlood starts it")
	}
	p := idptest.New(t, idptest.WithConfig(func(c *idp.Config) {
		c.Path, c.Hash = t.TempDir()+"/idp.db", idp.HashConfig{Workers: workers, Queue: queue, MemoryKiB: floodHashKiB, Iterations: 2}
	}))
	p.AddUser("ada@example.com", p.AddApplication(idp.Application{}).ID)
	fmt.Printf("ready %s %s\n", p.URL, p.APIKey)
	io.Copy(io.Discard, os.Stdin) // until the other process ends
}

// TestLoginFlood offers more logins than the pool can hash: memory stays bounded, the surplus is
// told to come back at once, and everybody else is served. Times depend on the machine, and are
// told and not judged:
//
//	go test -run TestLoginFlood -v ./idp -flood.rate 500 -flood.time 20s \
//		-flood.workers 0 -flood.queue 0
func TestLoginFlood(t *testing.T) {
	once(t)
	s := startFloodServer(t)
	_, login := s.call("POST", "/api/login", s.key, object{"loginId": "ada@example.com", "password": idptest.Password}.String())
	_, token, _ := strings.Cut(login.body, `"token":"`)
	token, _, _ = strings.Cut(token, `"`)
	authenticated := func() floodAnswer {
		took, a := s.call("GET", "/api/user", "Bearer "+token, "")
		return floodAnswer{took, a.status, ""}
	}
	wrong := func() floodAnswer {
		took, a := s.call("POST", "/api/login", s.key, object{"loginId": "ada@example.com", "password": "not her password"}.String())
		return floodAnswer{took, a.status, a.header.Get("Retry-After")}
	}

	idle := offer(floodOthers, *floodTime, authenticated)
	before := s.peakKiB()
	var flood, others []floodAnswer
	var both sync.WaitGroup
	both.Go(func() { flood = offer(*floodRate, *floodTime, wrong) })
	both.Go(func() { others = offer(floodOthers, *floodTime, authenticated) })
	both.Wait()
	peak := s.peakKiB()

	hashed, surplus := split(flood)
	for _, a := range surplus {
		if a.status != http.StatusServiceUnavailable || a.retryAfter != "1" {
			t.Errorf("a login of the surplus got %d, Retry-After %q", a.status, a.retryAfter)
		}
	}
	if len(hashed) == 0 || len(surplus) == 0 {
		t.Errorf("%d logins were checked, %d refused: this is no flood, offer more of them", len(hashed), len(surplus))
	}
	for _, a := range slices.Concat(idle, others) {
		if a.status != http.StatusOK {
			t.Errorf("an authenticated request got %d", a.status)
		}
	}
	// As much garbage may stand as there is in use: what a hash took is free when it is collected.
	if bound := before + 2*s.workers*floodHashKiB + floodSlack; peak > bound {
		t.Errorf("%d MiB at the most, want less than %d", peak>>10, bound>>10)
	}
	t.Logf("%d logins/s for %v, %d hashes at once: %d checked, %d refused", *floodRate, *floodTime, s.workers, len(hashed), len(surplus))
	t.Logf("memory: %d MiB before, %d MiB at the most", before>>10, peak>>10)
	for _, row := range []struct {
		name    string
		answers []floodAnswer
	}{{"refused logins", surplus}, {"checked logins", hashed}, {"authenticated, idle", idle}, {"authenticated, flood", others}} {
		t.Logf("%-20s p50 %v, p99 %v, longest %v", row.name, quantile(row.answers, 50), quantile(row.answers, 99), quantile(row.answers, 100))
	}
	t.Logf("the p99 of authenticated requests is %.1f times that of the idle server", float64(quantile(others, 99))/float64(quantile(idle, 99)))
	if took, a := s.call("POST", "/api/login", s.key, object{"loginId": "ada@example.com", "password": idptest.Password}.String()); a.status != http.StatusOK {
		t.Errorf("after the flood a login gets %d, after %v", a.status, took)
	}
}

// A floodAnswer is what came of one request.
type floodAnswer struct {
	took       time.Duration
	status     int
	retryAfter string
}

// split tells logins whose password was checked from those that were refused unchecked.
func split(all []floodAnswer) (hashed, surplus []floodAnswer) {
	for _, a := range all {
		if a.status == http.StatusNotFound {
			hashed = append(hashed, a)
		} else {
			surplus = append(surplus, a)
		}
	}
	return hashed, surplus
}

func quantile(all []floodAnswer, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b floodAnswer) int { return cmp.Compare(a.took, b.took) })
	return sorted[(len(all)-1)*percent/100].took.Round(100 * time.Microsecond)
}

// offer makes so many requests a second, whether or not those before are answered.
func offer(rate int, d time.Duration, do func() floodAnswer) []floodAnswer {
	answers := make([]floodAnswer, int(float64(rate)*d.Seconds()))
	beat := time.NewTicker(time.Second / time.Duration(rate))
	defer beat.Stop()
	var all sync.WaitGroup
	for i := range answers {
		<-beat.C
		all.Go(func() { answers[i] = do() })
	}
	all.Wait()
	return answers
}

// A floodTarget is the server in its own process.
type floodTarget struct {
	t        *testing.T
	url, key string
	pid      int
	workers  int
	client   *http.Client
}

func startFloodServer(t *testing.T) *floodTarget {
	workers := *floodWorkers
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFloodServer$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", floodServer, workers, *floodQueue))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	s := &floodTarget{t: t, pid: cmd.Process.Pid, workers: workers, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}}
	if workers == 0 {
		s.workers = max(1, runtime.GOMAXPROCS(0)-1)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	if _, err := fmt.Sscanf(line, "ready %s %s", &s.url, &s.key); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return s
}

func (s *floodTarget) call(method, path, credential, body string) (time.Duration, answer) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0, answer{}
	}
	r.Header.Set("Authorization", credential)
	r.Header.Set("Content-Type", "application/json")
	began := time.Now()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Error(err)
		return 0, answer{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Error(err)
	}
	return time.Since(began), answer{s.t, resp.StatusCode, resp.Header, string(text)}
}

// peakKiB is the most memory that the server has had so far.
func (s *floodTarget) peakKiB() (kib int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	must(s.t, err)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		s.t.Fatal(err)
	}
	return kib
}
