package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey"
)

// touchBatch is how many sessions are touched in one round trip.
const touchBatch = 500

// Touch moves the last use of sessions forward. The time limit of a few seconds is for each round
// trip, not for the whole.
func (s *Store) Touch(ctx context.Context, seen []latchkey.Seen) error {
	for batch := range slices.Chunk(seen, touchBatch) {
		if err := s.touch(ctx, batch); err != nil {
			return fmt.Errorf("touch sessions: %w", err)
		}
	}
	return nil
}

func (s *Store) touch(ctx context.Context, batch []latchkey.Seen) error {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	results := s.pipeline(ctx, batch, touchScript.call)
	var again []latchkey.Seen // what a server did not do because it had forgotten the script
	for i, result := range results {
		if forgotten(result) {
			again = append(again, batch[i])
		}
	}
	if again != nil {
		results = append(results, s.pipeline(ctx, again, touchScript.send)...)
	}
	for _, result := range results {
		outcome, err := result.AsInt64()
		switch {
		case forgotten(result):
		case err != nil:
			return err
		case outcome < 0:
			return errFormat
		}
	}
	return nil
}

func (s *Store) pipeline(ctx context.Context, batch []latchkey.Seen, build func(rueidis.Builder, []string, ...string) rueidis.Completed) []rueidis.RedisResult {
	commands := make([]rueidis.Completed, len(batch))
	for i, use := range batch {
		commands[i] = build(s.client.B(), []string{sessionKey(use.ID)}, strconv.FormatInt(milliseconds(use.At), 10))
	}
	return s.client.DoMulti(ctx, commands...)
}
