package redisstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/latchkey-dev/latchkey"
)

func sample() *latchkey.Record {
	at := time.UnixMilli(1_790_000_000_123).UTC()
	return &latchkey.Record{
		ID: latchkey.ID{1, 2, 3}, Version: 5, App: "store", User: latchkey.User{ID: "u1", Email: "ada@example.com", EmailVerified: true, Roles: []string{"reader"}},
		Token: []byte("sealed"), RefreshToken: []byte("sealed too"), RefreshTokenID: "r1", Generation: 3,
		Device:    latchkey.Device{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", IP: "203.0.113.7"},
		CreatedAt: at, LastSeenAt: at.Add(time.Hour), Deadline: at.Add(90 * 24 * time.Hour),
	}
}

func stored(t testing.TB, rec *latchkey.Record) []byte {
	t.Helper()
	b, err := rec.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFormat pins the format. If it fails, stored values could no longer be read: the change needs
// a new version of the format.
func TestFormat(t *testing.T) {
	const header = "02" + "00" + "0000000000000005" + "000001a0c4875afb"
	value, err := encode(sample())
	if err != nil || hex.EncodeToString([]byte(value[:headerSize])) != header {
		t.Errorf("the header is %x, %v", value[:headerSize], err)
	}
	const plain = `{"id":"","email":"ada@gmail.com","roles":["reader"]} Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0`
	for _, c := range []struct {
		dictionary *s2.Dict
		block, sum string
	}{
		{dictionary1, "7b465a0008616461325d00012b01002822726561646572225d7d20326a01611b150028103134352e30", "b4bed94f5fdf720d"},
		{dictionary2, "7b507b226964223a22222c22656d61696c223a22616461195154222c22726f6c6573223a5b22726561646572225d7d2032350141e6150028103134352e30", "8330f40e6c4be6e1"},
	} {
		stored, err := hex.DecodeString(c.block)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.dictionary.Decode(nil, stored); err != nil || string(got) != plain {
			t.Errorf("read %q, %v; now it would be %x", got, err, c.dictionary.Encode(nil, []byte(plain)))
		}
		if sum := sha256.Sum256(c.dictionary.Bytes()); hex.EncodeToString(sum[:8]) != c.sum {
			t.Errorf("the dictionary is %x", sum[:8])
		}
	}
}

func FuzzDecode(f *testing.F) {
	value, err := encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(value)
	f.Add(value[:headerSize])
	f.Add(value[:len(value)-1])
	f.Add("\x01" + value[1:])
	f.Add(value[:headerSize] + "\x01" + value[headerSize+1:])
	f.Add(value[:headerSize+1] + "\xff\xff\xff\xff\x0f") // claims to be 4 GiB
	f.Fuzz(func(t *testing.T, value string) {
		rec, err := decode(latchkey.ID{9}, value)
		if err != nil {
			return
		}
		again, err := encode(rec)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(rec.ID, again)
		if err != nil || !bytes.Equal(stored(t, back), stored(t, rec)) {
			t.Errorf("%+v came back as %+v, %v", rec, back, err)
		}
	})
}

func FuzzChange(f *testing.F) {
	f.Add(changeKey(latchkey.ID{1}))
	f.Add(sessionKey(latchkey.ID{1}))
	f.Add(changePrefix + "}")
	f.Add(changePrefix + strings.Repeat("_", 22) + "}")
	f.Fuzz(func(t *testing.T, key string) {
		if id, ok := idOfChange(key); ok && changeKey(id) != key {
			t.Errorf("%q was taken for %q", key, changeKey(id))
		}
	})
}

func FuzzMember(f *testing.F) {
	f.Add(userMember(sample()))
	f.Add("")
	f.Fuzz(func(t *testing.T, member string) {
		if id, ok := idOfMember(member); ok && member[:16] != string(id[:]) {
			t.Errorf("%q was taken for %v", member, id)
		}
	})
}

const someNodes = `07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,node4 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected
67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002,node2,shard-id=69bc master - 0 1426238316232 2 connected 5461-10922
292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f :30003@31003,,shard-id=69bd myself,master - 0 1426238318243 3 connected 10923-16383 [93-<-292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f]
6ec23923021cf3ffec47632106199cb7f496ce01 [::1]:30005@31005 master,fail - 0 1426238316232 5 disconnected
824fe116063bc5fcf9f4ffd895bc17aee7731ac3 ::1:30006@31006 master - 0 1426238317741 6 connected
e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 127.0.0.1:30001@31001 master,fail? - 0 0 1 connected 0-5460
`

func TestParseMasters(t *testing.T) {
	masters, err := parseMasters(someNodes)
	if err != nil || len(masters) != 4 {
		t.Fatalf("%v, %v", masters, err)
	}
	byName := func(known string) bool { return known == "node2:30002" }
	for id, want := range map[string]string{"67": "node2:30002", "29": "asked:1", "82": "[::1]:30006", "e7": "127.0.0.1:30001"} {
		for name, at := range masters {
			if got := at.choose(byName, "asked:1"); strings.HasPrefix(name, id) && got != want {
				t.Errorf("%s is at %s, want %s", id, got, want)
			}
		}
	}
	if _, err := parseMasters(strings.Replace(someNodes, "fail?", "fail", 1)); err == nil {
		t.Error("a master that has failed with its slots is no error")
	}
}

func FuzzParseMasters(f *testing.F) {
	f.Add(someNodes)
	f.Add("")
	f.Add("a b c d e f g h")
	f.Fuzz(func(t *testing.T, text string) {
		masters, err := parseMasters(text)
		if err == nil && len(masters) == 0 {
			t.Error("no masters and no error")
		}
		for _, at := range masters {
			at.choose(func(string) bool { return true }, "asked:1")
		}
	})
}

func FuzzParseState(f *testing.F) {
	f.Add("cluster_state:ok\r\ncluster_known_nodes:6\r\ncluster_size:3\r\ncluster_current_epoch:6\r\n")
	f.Add("cluster_state:fail\r\n")
	f.Add("cluster_state:ok\r\ncluster_known_nodes:x\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseState(text); err == nil && !strings.Contains(text, "cluster_state:ok") {
			t.Errorf("%q was taken for a cluster that is well", text)
		}
	})
}

func FuzzParseURL(f *testing.F) {
	f.Add("", "", "host:6379/0?replicas=1")
	f.Add("/", "?", "a,b")
	f.Add("x@", "#", "[::1]")
	f.Add("", ",b:", "c")
	f.Fuzz(func(t *testing.T, before, after, rest string) {
		target, err := parseURL("redis://user:" + before + "s3cr3t" + after + "@" + rest)
		if err != nil && strings.Contains(err.Error(), "s3cr3t") || strings.Contains(strings.Join(target.hosts, ","), "s3cr3t") {
			t.Errorf("the password shows: %v, %v", target.hosts, err)
		}
	})
}
