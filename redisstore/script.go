package redisstore

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

// A script runs on the server, atomically. It is sent once and then called by the digest of its
// text.
type script struct {
	name, text, digest string
}

func newScript(name, text string) *script {
	sum := sha1.Sum([]byte(text)) // Redis' names of scripts
	return &script{name, text, hex.EncodeToString(sum[:])}
}

// What a script that writes a record returns.
const (
	outcomeDone     = 1
	outcomeConflict = 0
	outcomeMissing  = -1 // -2: an unknown format
)

// In these scripts KEYS are a session and its change marker, ARGV the new value, when it may be
// forgotten, and the version that is replaced. A session is kept for an hour after its last write
// whatever its Deadline says, so that nothing depends on synchronized clocks.
const storeText = `
local function store(value)
	local deadline = tonumber(ARGV[2])
	if deadline == 0 then
		redis.call('SET', KEYS[1], value)
	else
		local least = redis.call('TIME')[1] * 1000 + 3600000
		redis.call('SET', KEYS[1], value, 'PXAT', string.format('%.0f', math.max(deadline, least)))
	end
	redis.call('SET', KEYS[2], '')
	redis.call('DEL', KEYS[2])
end
`

var createScript = newScript("create", storeText+`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
store(ARGV[1])
return 1
`)

var swapScript = newScript("swap", storeText+`
local old, new = redis.call('GETRANGE', KEYS[1], 0, 17), ARGV[1]
if old == '' then return -1 end
if #old < 18 or string.byte(old, 1) ~= 1 and string.byte(old, 1) ~= 2 then return -2 end
if string.sub(old, 3, 10) ~= ARGV[3] then return 0 end
if string.byte(old, 2) == 1 and string.byte(new, 2) == 0 then return 0 end
local seen = math.max((struct.unpack('>I8', old, 11)), (struct.unpack('>I8', new, 11)))
store(string.sub(new, 1, 10) .. struct.pack('>I8', seen) .. string.sub(new, 19))
return 1
`)

// KEYS is a session, and ARGV the time of its last use in ms since 1970.
var touchScript = newScript("touch", `
local head, at = redis.call('GETRANGE', KEYS[1], 0, 17), tonumber(ARGV[1])
if head == '' then return 0 end
if #head < 18 or string.byte(head, 1) ~= 1 and string.byte(head, 1) ~= 2 then return -2 end
if string.byte(head, 2) == 1 then return 0 end
if at > struct.unpack('>I8', head, 11) then redis.call('SETRANGE', KEYS[1], 10, struct.pack('>I8', at)) end
return 1
`)

// call is a call of a script by its digest. A server that has forgotten the script answers NOSCRIPT
// and does nothing.
func (sc *script) call(b rueidis.Builder, keys []string, args ...string) rueidis.Completed {
	// but see retryDelay
	return b.Evalsha().Sha1(sc.digest).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build().ToRetryable()
}

// send is a call that includes the text of the script.
func (sc *script) send(b rueidis.Builder, keys []string, args ...string) rueidis.Completed {
	return b.Eval().Script(sc.text).Numkeys(int64(len(keys))).Key(keys...).Arg(args...).Build().ToRetryable()
}

func forgotten(result rueidis.RedisResult) bool {
	err, refused := rueidis.IsRedisErr(result.Error())
	return refused && err.IsNoScript()
}

// run runs a script.
func (s *Store) run(ctx context.Context, sc *script, keys []string, args ...string) rueidis.RedisResult {
	result := s.client.Do(ctx, sc.call(s.client.B(), keys, args...))
	if forgotten(result) {
		result = s.client.Do(ctx, sc.send(s.client.B(), keys, args...))
	}
	return result
}

// replicaLimit is how long a write waits for its replicas.
const replicaLimit = time.Second

// runDurably runs a script that returns a number, and waits until the required number of replicas
// have what it wrote.
func (s *Store) runDurably(ctx context.Context, sc *script, keys []string, args ...string) (outcome int64, err error) {
	switch {
	case s.replicas == 0:
		return s.run(ctx, sc, keys, args...).AsInt64()
	case s.client.Mode() != rueidis.ClientModeCluster:
		return s.runAndWait(ctx, s.client, sc, keys, args)
	}
	// a cluster's client would redirect the script to another node, but not WAIT
	err = s.client.Dedicated(func(c rueidis.DedicatedClient) error {
		outcome, err = s.runAndWait(ctx, c, sc, keys, args)
		return err
	})
	return outcome, err
}

// runAndWait sends both on one connection, because WAIT waits for the writes of its own connection.
func (s *Store) runAndWait(ctx context.Context, c rueidis.CommandClient, sc *script, keys, args []string) (outcome int64, err error) {
	wait := func() rueidis.Completed {
		return c.B().Wait().Numreplicas(s.replicas).Timeout(replicaLimit.Milliseconds()).Build()
	}
	results := c.DoMulti(ctx, sc.call(c.B(), keys, args...), wait())
	if forgotten(results[0]) {
		results = c.DoMulti(ctx, sc.send(c.B(), keys, args...), wait())
	}
	if outcome, err = results[0].AsInt64(); err != nil || outcome != outcomeDone {
		return outcome, err
	}
	copies, err := results[1].AsInt64()
	if err != nil {
		return 0, fmt.Errorf("written, but waiting for replicas: %w", err)
	}
	if copies < s.replicas {
		return 0, fmt.Errorf("written, but %d replicas of %d have acknowledged it", copies, s.replicas)
	}
	return outcome, nil
}
