package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// behindNginx starts the gateway and nginx from the recipe's two files, with free ports and a
// certificate that the client trusts.
func (s *served) behindNginx(program string) (port int) {
	s.Helper()
	dir := s.TempDir()
	port = freePort(s.T)
	s.listens = fmt.Sprint(freePort(s.T))
	s.recipeFile("nginx/latchkey.yaml", filepath.Join(s.dir, "latchkey.yaml"), "127.0.0.1:8080", "127.0.0.1:"+s.listens, "127.0.0.1:9012", "127.0.0.1:0",
		"data: latchkey-data", "data: .\nprovider: {listen: 127.0.0.1:0}", "http://127.0.0.1:3000", s.app.URL)
	s.Setenv("LATCHKEY_USER_KEY", recipeUserKey)
	s.start()

	writeCertificate(s.T, "app.example.com", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	s.recipeFile("nginx/latchkey.conf", filepath.Join(dir, "latchkey.conf"), "server 127.0.0.1:8080", "server 127.0.0.1:"+s.listens, "listen 443", fmt.Sprintf("listen 127.0.0.1:%d", port),
		"/etc/ssl/app.example.com.pem", filepath.Join(dir, "cert.pem"), "/etc/ssl/app.example.com.key", filepath.Join(dir, "key.pem"))
	main := "daemon off; master_process off; pid " + dir + "/pid; error_log stderr warn; events {}\nhttp {\naccess_log off;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += kind + "_temp_path " + dir + "/" + kind + ";\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(main+"include "+dir+"/latchkey.conf;\n}\n"), 0o600); err != nil {
		s.Fatal(err)
	}
	said := &buffer{}
	cmd := exec.Command(program, "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	pem, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		s.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "app.example.com"}}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
	}
	s.client = &http.Client{Transport: &http.Transport{DialTLSContext: dial}}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := dial(s.Context(), "tcp", "")
		if err == nil {
			conn.Close()
			return port
		}
		if time.Now().After(end) {
			s.Fatalf("nginx does not answer: %v; %s", err, said)
		}
	}
}

// recipeFile copies a file of a recipe with replacements. Each old text must be there.
func (s *served) recipeFile(name, to string, oldnew ...string) {
	s.Helper()
	content, err := os.ReadFile(filepath.Join(recipes, name))
	if err != nil {
		s.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			s.Fatalf("%s has no %q", name, oldnew[i])
		}
		text = strings.ReplaceAll(text, oldnew[i], oldnew[i+1])
	}
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// echoSocket is the app's end of a WebSocket without the frames, which a proxy does not read.
func echoSocket(w http.ResponseWriter) {
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	io.Copy(conn, both)
}
