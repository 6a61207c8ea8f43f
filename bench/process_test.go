package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// A process is a subject that runs.
type process struct {
	url    string
	cookie string // of a login
	cmd    *exec.Cmd
}

// start runs a command until its first line, "ready URL", and kills it at the end of the test.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !ready {
		t.Fatalf("%s %s: %q, %v", name, strings.Join(args, " "), line, err)
	}
	return &process{url: url, cmd: cmd}
}

// goSubject runs this program as one of goSubjects.
func goSubject(t *testing.T, name string, env ...string) *process {
	t.Helper()
	return start(t, append(env, "BENCH_SUBJECT="+name), os.Args[0])
}

// nodeSubject runs a script of peers.
func nodeSubject(t *testing.T, script string, env ...string) *process {
	t.Helper()
	return start(t, append(env, "NODE_ENV=production"), "node", "peers/"+script+".js")
}

// logIn keeps the cookies of a login.
func (p *process) logIn(t *testing.T, path string) {
	t.Helper()
	cookie, err := p.logInAs(path, email)
	if err != nil {
		t.Fatal(err)
	}
	p.cookie = cookie
}

// logInAs returns the cookies of a login.
func (p *process) logInAs(path, email string) (string, error) {
	r, err := http.NewRequest("POST", p.url+path, strings.NewReader(fmt.Sprintf(`{"email":%q,"password":%q}`, email, idptest.Password)))
	if err != nil {
		return "", err
	}
	r.Host = subjectHost
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://"+subjectHost)
	resp, err := browser.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body) // so that the connection can be reused
	var pairs []string
	for _, c := range resp.Cookies() {
		if !strings.HasSuffix(c.Name, "device") { // only a login looks at it
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	if resp.StatusCode != http.StatusOK || len(pairs) == 0 {
		return "", fmt.Errorf("login at %s: %s, %d cookies", p.url, resp.Status, len(pairs))
	}
	return strings.Join(pairs, "; "), nil
}

var browser = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loginsAtOnce}}

// cpu is the processor time that the process has used.
func (p *process) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0 // not Linux: the column stays empty
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatal("cannot read /proc/*/stat")
	}
	return time.Duration(user+system) * time.Second / 100 // USER_HZ
}

// load makes wrk request path over 32 connections, and returns requests a second and processor
// microseconds of the process per request.
func (p *process) load(t *testing.T, path string) sample {
	t.Helper()
	if path == "" {
		path = "/"
	}
	ctx, cancel := context.WithTimeout(t.Context(), *length+time.Minute)
	defer cancel()
	before := p.cpu(t)
	seconds := fmt.Sprintf("%ds", max(1, int((*length).Seconds())))
	out, err := exec.CommandContext(ctx, "wrk", "-t1", "-c32", "-d"+seconds, "-H", "Host: "+subjectHost, "-H", "Cookie: "+p.cookie, p.url+path).CombinedOutput()
	if err != nil {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	used := p.cpu(t) - before
	if strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		t.Fatalf("%s: not every answer was a success:\n%s", p.url, out)
	}
	return sample{perSecond: number(t, string(out), "Requests/sec:"), cpuMicros: float64(used.Microseconds()) / number(t, string(out), "requests in")}
}

// number reads the number behind a label, or, for "requests in", before it.
func number(t *testing.T, out, label string) float64 {
	t.Helper()
	before, after, found := strings.Cut(out, label)
	fields := strings.Fields(after)
	text := ""
	if label == "requests in" {
		fields = strings.Fields(before)
		text = fields[len(fields)-1]
	} else if len(fields) > 0 {
		text = fields[0]
	}
	n, err := strconv.ParseFloat(text, 64)
	if !found || err != nil {
		t.Fatalf("wrk says no %q:\n%s", label, out)
	}
	return n
}
