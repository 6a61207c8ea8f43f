package breached

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lines is a list of n made-up passwords, written as it is read.
type lines struct {
	n, at int
	rest  []byte
}

func (l *lines) Read(b []byte) (int, error) {
	for len(l.rest) < len(b) && l.at < l.n {
		l.rest = fmt.Appendf(l.rest, "breached %d\n", l.at)
		l.at++
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func build(t testing.TB, list io.Reader) (*Filter, Built) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "filter")
	b, err := Build(list, name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	if left, err := filepath.Glob(name + "?*"); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	return f, b
}

func has(t testing.TB, f *Filter, password string) bool {
	t.Helper()
	found, err := f.Has(password)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSize measures the size and the rate of false positives in the decision record. With more than
// 2^18 passwords there are several shards.
func TestSize(t *testing.T) {
	for _, n := range []int{1, 2, 1000, 600_000} {
		f, b := build(t, &lines{n: n})
		if b.Passwords != uint64(n) || f.Passwords() != b.Passwords || b.Passed != 0 {
			t.Errorf("%d passwords: %+v, %d in the filter", n, b, f.Passwords())
		}
		step := max(1, n/200)
		for i := 0; i < n; i += step {
			if !has(t, f, fmt.Sprintf("breached %d", i)) {
				t.Fatalf("password %d of %d is not found", i, n)
			}
		}
		perEntry := float64(b.Bytes) / float64(n)
		t.Logf("%d passwords: %d shards, %.2f bytes each", n, len(f.index.shards), perEntry)
		if n == 600_000 && (perEntry > 2.45 || len(f.index.shards) != 4) {
			t.Errorf("%.2f bytes each, in %d shards", perEntry, len(f.index.shards))
		}
	}
}

// TestMistakes counts false positives: about one in 65,536.
func TestMistakes(t *testing.T) {
	f, _ := build(t, &lines{n: 300_000})
	const asked = 2_000_000
	wrong := 0
	for n := range f.index.shards {
		fuse, err := f.shard(n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range asked / len(f.index.shards) {
			sum := sha1.Sum(fmt.Appendf(nil, "stranger %d of %d", i, n))
			if fuse.Contains(binary.BigEndian.Uint64(sum[:])) {
				wrong++
			}
		}
	}
	t.Logf("%d of %d, one in %d", wrong, asked, asked/max(1, wrong))
	if expected := asked / 65536; wrong > 2*expected {
		t.Errorf("%d of %d, want about %d", wrong, asked, expected)
	}
}

// TestList: the formats of a line.
func TestList(t *testing.T) {
	sum := func(p string) string { s := sha1.Sum([]byte(p)); return hex.EncodeToString(s[:]) }
	f, b := build(t, strings.NewReader(strings.Join([]string{
		"plain", " with spaces ", "", "windows\r", sum("lower"), strings.ToUpper(sum("upper")), sum("seen") + ":42\r", sum("padding") + ":0", sum("padding") + ":000",
		"cafe\u0301", "colon:1", sum("odd") + ":x", "plain", "latin \xe9", "nul\x00", strings.Repeat("long", 2000), "last",
	}, "\n")))
	if b.Passwords != 10 || b.Passed != 3 {
		t.Errorf("%+v, want 10 different passwords and 3 lines passed over", b)
	}
	for _, p := range []string{"plain", " with spaces ", "windows", "lower", "upper", "seen", "caf\u00e9", "colon:1", sum("odd") + ":x", "last"} {
		if !has(t, f, p) {
			t.Errorf("%q is not found", p)
		}
	}
	for _, p := range []string{"", "padding", "with spaces", "odd", "windows\r", "cafe\u0301", "x"} {
		if has(t, f, p) {
			t.Errorf("%q is found", p)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "filter")
	if err := os.WriteFile(name, []byte("the one before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is gone")
	for want, list := range map[string]io.Reader{
		"the list contains no password": strings.NewReader("\n\r\n\xff\n"),
		broken.Error():                  io.MultiReader(strings.NewReader("a\nb\n"), failing{broken}),
	} {
		if _, err := Build(list, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := Build(strings.NewReader("a"), filepath.Join(dir, "no", "filter")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%v is left, %v", all, err)
	}
	if text, _ := os.ReadFile(name); string(text) != "the one before" {
		t.Error("the filter from before is gone")
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

// TestDamage: every broken file is reported, at the latest when the broken shard is used.
func TestDamage(t *testing.T) {
	name := filepath.Join(t.TempDir(), "filter")
	if _, err := Build(strings.NewReader("breached"), name); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, to byte) []byte { b := bytes.Clone(good); b[at] ^= to; return b }
	for what, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":        {nil, "not a filter"},
		"another file": {[]byte("{\"passwords\": []} and so on"), "not a filter"},
		"newer":        {changed(8, 3), "format version 2, but this program knows 1: use a newer program"},
		"shard bits":   {changed(14, 1), "damaged"},
		"count":        {changed(16, 1), "damaged"},
		"seed":         {changed(headerSize, 1), "damaged"},
		"index cut":    {good[:headerSize+3], "truncated"},
		"shard cut":    {good[:len(good)-1], "truncated"},
		"longer":       {append(bytes.Clone(good), 0), "damaged"},
		"fingerprint":  {changed(len(good)-1, 1), "damaged"},
	} {
		if err := os.WriteFile(name, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Open(name)
		if err == nil {
			_, err = f.Has("breached")
			if checked := f.Check(); checked == nil || err == nil || checked.Error() != err.Error() {
				t.Errorf("%s: Has says %v, Check %v", what, err, checked)
			}
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: error %v, want %q", what, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestEmptyShards: hashes that are not evenly spread leave a shard empty.
func TestEmptyShards(t *testing.T) {
	var list bytes.Buffer
	for i := range shardSize + 1 {
		fmt.Fprintf(&list, "00%014x%024d\n", i, 0)
	}
	f, b := build(t, &list)
	if b.Passwords != shardSize+1 || len(f.index.shards) != 2 || f.index.shards[1].segments != 0 {
		t.Errorf("%+v in %+v", b, f.index.shards)
	}
	for i := range 100 {
		if p := fmt.Sprintf("stranger %d", i); has(t, f, p) {
			t.Errorf("%q is found", p)
		}
	}
}

// TestShardBits: more shards than buckets, and fewer.
func TestShardBits(t *testing.T) {
	const n = 5000
	for bits := range 13 {
		keys, err := newSpill(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer keys.close()
		if _, err := eachKey(&lines{n: n}, keys.add); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "filter")
		if got, _, err := write(name, keys, bits); got != n || err != nil {
			t.Fatalf("%d bits: %d passwords, %v", bits, got, err)
		}
		f, err := Open(name)
		if err != nil {
			t.Fatalf("%d bits: %v", bits, err)
		}
		defer f.Close()
		for i := range n {
			if p := fmt.Sprintf("breached %d", i); !has(t, f, p) {
				t.Fatalf("%d bits: %q is not found", bits, p)
			}
		}
	}
}
