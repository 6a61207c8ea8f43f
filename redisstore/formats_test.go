package redisstore_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey/internal/formattest"
	"github.com/latchkey-dev/latchkey/internal/redistest"
)

var makeDump = flag.String("formats.make", "", "the version of the formats, as this program has them, of which to write a dump")

// TestFormats_served: the sessions in a database of any version are served to the browsers that
// have their cookies.
func TestFormats_served(t *testing.T) {
	for _, version := range []string{"v1", "v2", "v2bound"} {
		t.Run(version, func(t *testing.T) {
			server := redistest.Start(t)
			server.Load(t, "testdata/"+version+".redis")
			formattest.Load(t, "../testdata/formats/"+version).Serve(t, open(t, server.URL()))
		})
	}
}

// TestFormats_make writes a dump: go test -run TestFormats_make ./redisstore -formats.make v2.
func TestFormats_make(t *testing.T) {
	if *makeDump == "" {
		t.Skip("dumps are made once")
	}
	server := redistest.Start(t)
	formattest.Load(t, "../testdata/formats/"+*makeDump).Fill(t, open(t, server.URL()))
	if err := os.WriteFile("testdata/"+*makeDump+".redis", []byte(dump(t, server)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// dump returns commands for redis-cli that restore what a server has.
func dump(t *testing.T, server *redistest.Server) string {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	keys, err := client.Do(t.Context(), client.B().Keys().Pattern("*").Build()).AsStrSlice()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	var commands strings.Builder
	for _, key := range keys {
		if value, err := client.Do(t.Context(), client.B().Get().Key(key).Build()).ToString(); err == nil {
			fmt.Fprintf(&commands, "SET %s %s\n", quoted(key), quoted(value))
			continue
		}
		members, err := client.Do(t.Context(), client.B().Zrange().Key(key).Min("0").Max("-1").Withscores().Build()).AsZScores()
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		for _, m := range members {
			fmt.Fprintf(&commands, "ZADD %s %.0f %s\n", quoted(key), m.Score, quoted(m.Member))
		}
	}
	return commands.String()
}

// quoted returns a text as redis-cli reads it.
func quoted(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}
