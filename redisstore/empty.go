package redisstore

import "context"

// Empty reports whether the store has no session. It scans the keys of the server until it finds
// one, so it is not for every request.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	for _, node := range s.client.Nodes() {
		for cursor := uint64(0); ; {
			page, err := node.Do(ctx, node.B().Scan().Cursor(cursor).Match(sessionPrefix+"*").Count(1000).Build()).AsScanEntry()
			if err != nil {
				return false, err
			}
			if len(page.Elements) > 0 {
				return false, nil
			}
			if cursor = page.Cursor; cursor == 0 {
				break
			}
		}
	}
	return true, nil
}
