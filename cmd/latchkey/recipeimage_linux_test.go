package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/latchkey-dev/latchkey/internal/redistest"
)

// An image is what its Dockerfile says about the last stage.
type image struct {
	build                   string // the command that makes the binary
	uid                     uint32
	entrypoint, cmd, health []string
	volume                  string
	port                    string
}

func readImage(t *testing.T) (i image) {
	t.Helper()
	text, err := os.ReadFile(recipes + "/image/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	list := func(s string) (words []string) {
		if err := json.Unmarshal([]byte(s[strings.Index(s, "["):]), &words); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return words
	}
	for line := range strings.Lines(string(text)) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch verb {
		case "RUN":
			if strings.Contains(rest, "go build") {
				i.build = rest
			}
		case "USER":
			uid, _, _ := strings.Cut(rest, ":")
			n, err := strconv.ParseUint(uid, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			i.uid = uint32(n)
		case "ENTRYPOINT":
			i.entrypoint = list(rest)
		case "CMD":
			i.cmd = list(rest)
		case "HEALTHCHECK":
			i.health = list(rest)
		case "VOLUME":
			i.volume = rest
		case "EXPOSE":
			i.port = rest
		}
	}
	return i
}

// TestRecipeImage does without Docker what the image does: a static binary, built as in the
// Dockerfile, runs in an empty root as the image's user, serves, keeps its sessions in Redis, and
// reports that it is ready.
func TestRecipeImage(t *testing.T) {
	if os.Geteuid() != 0 {
		needs(t, errors.New("only root can change the root directory"))
	}
	i := readImage(t)
	root := t.TempDir()
	for _, dir := range []string{"etc", "out", i.volume} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("sh", "-c", strings.NewReplacer("-o /out/latchkey", "-o "+root+"/latchkey", "-trimpath -ldflags=-s ", "").Replace(i.build))
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", i.build, err, out)
	}
	for dir := root; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) { // the image's user must get there
		if err := os.Chmod(dir, 0o755); err != nil {
			break
		}
	}
	if err := os.Chown(filepath.Join(root, i.volume), int(i.uid), int(i.uid)); err != nil {
		t.Fatal(err)
	}
	s := newServed(t)
	port := fmt.Sprint(freePort(t))
	s.recipeFile("image/latchkey.yaml", filepath.Join(root, "etc/latchkey.yaml"), "0.0.0.0:8080", "127.0.0.1:"+port, "127.0.0.1:9012", fmt.Sprintf("127.0.0.1:%d", freePort(t)),
		"store:", "provider: {listen: 127.0.0.1:0}\nstore:", "http://app:3000", s.app.URL)
	if err := os.Chmod(filepath.Join(root, "etc/latchkey.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	inside := func(args []string) *exec.Cmd {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Path, cmd.Dir = args[0], "/"
		cmd.Env = []string{"STORE=" + redistest.Start(t).URL(), "LATCHKEY_USER_KEY=" + recipeUserKey}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: i.uid, Gid: i.uid}}
		return cmd
	}
	server := inside(append(i.entrypoint, i.cmd...))
	server.Stderr = s.stderr
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("it does not start: %q %v; %s", line, err, s.stderr)
	}
	request, err := http.NewRequest("GET", "http://127.0.0.1:"+port+"/api/hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "app.example.com"
	resp, err := http.DefaultClient.Do(request)
	if err != nil || resp.StatusCode != 401 {
		t.Errorf("without a login: %+v, %v; want 401", resp, err)
	}
	health := inside(i.health)
	for late := time.Now().Add(10 * time.Second); ; health = inside(i.health) {
		said, err := health.CombinedOutput()
		if err == nil {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("the health check: %v, %s; %s", err, said, s.stderr)
		}
	}
	server.Process.Signal(syscall.SIGTERM)
	if err := server.Wait(); err != nil {
		t.Errorf("on SIGTERM: %v; %s", err, s.stderr)
	}
}

// A composition is a compose file, as far as ours goes: any other key is an error.
type composition struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		Environment map[string]string
		Command     []string
		Volumes     []string
		Ports       []string
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		Healthcheck struct {
			Test     []string
			Interval string
		}
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Restart     string
	}
	Networks map[string]struct {
		IPAM struct {
			Config []struct{ Subnet, Gateway string }
		}
	}
	Volumes map[string]struct{}
}

// TestRecipeCompose: the compose file, the image, the configuration and the environment fit
// together.
func TestRecipeCompose(t *testing.T) {
	dir := recipes + "/image/"
	text, err := os.ReadFile(dir + "compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(dir + "latchkey.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c composition
	if err := yaml.Load(text, &c, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	i, ours := readImage(t), c.Services["latchkey"]
	if _, err := os.Stat(filepath.Join(dir, ours.Build.Context, ours.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	for _, variable := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(string(config), -1) {
		if ours.Environment[variable[1]] == "" {
			t.Errorf("the configuration wants %s, and the service does not get it", variable[1])
		}
	}
	if want := "./latchkey.yaml:" + i.cmd[len(i.cmd)-1] + ":ro"; ours.Volumes[0] != want || ours.Volumes[1] != "latchkey:"+i.volume || !strings.Contains(string(config), "data: "+i.volume+"\n") {
		t.Errorf("volumes %v, want %s and the data directory %s", ours.Volumes, want, i.volume)
	}
	if !strings.HasSuffix(ours.Ports[0], ":"+i.port) || !strings.Contains(string(config), "listen: 0.0.0.0:"+i.port+"\n") {
		t.Errorf("ports %v, the image exposes %s", ours.Ports, i.port)
	}
	hosts := regexp.MustCompile(`(?:redis://|@|http://)(\w+):\d+`).FindAllStringSubmatch(string(text)+string(config), -1)
	if len(hosts) < 3 {
		t.Errorf("hosts %v", hosts)
	}
	for _, host := range hosts {
		if c.Services[host[1]].Image == "" {
			t.Errorf("there is no service %s", host[1])
		}
	}
	for name, s := range c.Services {
		for other := range s.DependsOn {
			if len(c.Services[other].Healthcheck.Test) == 0 {
				t.Errorf("%s waits for %s to be healthy, which never says so", name, other)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			_, named := c.Volumes[source]
			if _, err := os.Stat(filepath.Join(dir, source)); err != nil && !named {
				t.Errorf("%s: there is no volume and no file %s", name, source)
			}
		}
	}
}

// The recipe trusts the gateway on its own network for the browser's address, and no other machine.
func TestRecipeTrustsOneProxy(t *testing.T) {
	var compose struct {
		Networks map[string]struct {
			IPAM struct{ Config []struct{ Gateway string } }
		}
	}
	var config struct {
		TrustedProxies []string `yaml:"trusted_proxies"`
	}
	for name, into := range map[string]any{"compose.yaml": &compose, "latchkey.yaml": &config} {
		text, err := os.ReadFile(filepath.Join(recipes, "image", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	gateway := compose.Networks["default"].IPAM.Config[0].Gateway
	if len(config.TrustedProxies) != 1 || config.TrustedProxies[0] != gateway {
		t.Errorf("trusted proxies %q, gateway %s", config.TrustedProxies, gateway)
	}
}
