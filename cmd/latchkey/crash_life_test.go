package main

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A life is one process of the demo, from its ready line to its kill.
type life struct {
	number         int
	cmd            *exec.Cmd
	origins        map[string]string // by app
	addr, idpAddr  string
	user, password string
	transport      *http.Transport
	doom           sync.Once
	doomed         chan struct{} // closed before the kill: from then on connections may break
	reborn         chan struct{} // closed when next is there
	next           *life
}

// kill sends SIGKILL: the process gets no chance to clean up.
func (l *life) kill() {
	l.doom.Do(func() {
		close(l.doomed)
		l.cmd.Process.Kill()
	})
}

// alive returns the life that serves, and waits for the next one after a kill. It returns nil when
// the test is over.
func (c *crash) alive() *life {
	l := c.newest.Load()
	for isClosed(l.doomed) {
		select {
		case <-l.reborn:
			l = l.next
		case <-c.over:
			return nil
		}
	}
	return l
}

const (
	startTakes  = 200 * time.Millisecond // about
	readyWithin = 30 * time.Second       // generous: a start must only finish at some time
)

// rise starts the demo, the first time on free ports and then on the same ones, and announces it to
// the browsers when it is ready.
func (c *crash) rise() {
	c.Helper()
	l := &life{addr: "127.0.0.1:0", idpAddr: "127.0.0.1:0", doomed: make(chan struct{}), reborn: make(chan struct{})}
	last := c.newest.Load()
	if last != nil {
		l.number, l.addr, l.idpAddr = last.number+1, last.addr, last.idpAddr
	}
	began := time.Now()
	stdout := c.launch(l)
	giveUp := time.AfterFunc(readyWithin, func() { l.cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if !giveUp.Stop() || err != nil {
		c.violated("start %d: no ready line: %v, %v", l.number, err, l.cmd.Wait())
		c.FailNow()
	}
	c.tally.slowestStart.atLeast(time.Since(began))
	l.read(line)
	c.newest.Store(l)
	if last != nil {
		last.next = l
		close(last.reborn)
	}
}

func (c *crash) launch(l *life) io.Reader {
	c.Helper()
	l.cmd = exec.CommandContext(c.Context(), "latchkey", "demo", "--data", c.data(), "--addr", l.addr, "--idp-addr", l.idpAddr,
		"--idle", crashIdle.String(), "--session-cap", crashCap.String(), "--in-flight-window", crashWindow.String(), "--refresh-ttl", "1h")
	l.cmd.Stderr = c.log
	stdout, err := l.cmd.StdoutPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		c.Fatal(err)
	}
	return stdout
}

func (c *crash) data() string { return filepath.Join(c.dir, "data") }

// read parses the ready line.
func (l *life) read(line string) {
	said := make(map[string]string)
	for _, word := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(word, "=")
		said[name] = value
	}
	l.origins = map[string]string{"store": said["store"], "forums": said["forums"]}
	l.user, l.password = said["user"], said["password"]
	_, port, _ := strings.Cut(strings.TrimPrefix(said["store"], "http://"), ":")
	l.addr, l.idpAddr = "127.0.0.1:"+port, strings.TrimPrefix(said["idp"], "http://")
	l.transport = &http.Transport{MaxIdleConnsPerHost: 100, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.addr) // Go's resolver does not know *.localhost
	}}
}

// killBeforeReady kills the demo while it starts.
func (c *crash) killBeforeReady(addr, idpAddr string) {
	c.Helper()
	l := &life{addr: addr, idpAddr: idpAddr}
	stdout := c.launch(l)
	time.AfterFunc(rand.N(startTakes), func() { l.cmd.Process.Kill() })
	io.Copy(io.Discard, stdout)
	l.cmd.Wait()
	c.tally.killsAtStart.Add(1)
}
