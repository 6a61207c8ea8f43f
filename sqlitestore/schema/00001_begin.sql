-- +goose Up
CREATE TABLE sessions (
	id           BLOB    NOT NULL PRIMARY KEY,
	app          TEXT    NOT NULL,
	user_id      TEXT    NOT NULL,
	version      INTEGER NOT NULL,
	last_seen_at INTEGER NOT NULL, -- milliseconds since 1970, as all times here; the one in body is older
	created_at   INTEGER NOT NULL,
	deadline     INTEGER NOT NULL,
	ended        INTEGER NOT NULL, -- 0 or 1, as unrevoked
	unrevoked    INTEGER NOT NULL,
	body         BLOB    NOT NULL  -- latchkey.Record in its binary form
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, app, created_at) WHERE ended = 0;
CREATE INDEX sessions_by_deadline ON sessions (deadline);
CREATE INDEX sessions_unrevoked ON sessions (app, id) WHERE unrevoked = 1;

-- +goose Down
DROP TABLE sessions;
