-- Rows of more than a kilobyte, as most are, do not fit into a leaf of a table without rowids: each took a page of its own.

-- +goose Up
CREATE TABLE sessions_by_rowid (
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
) STRICT;
INSERT INTO sessions_by_rowid SELECT id, app, user_id, version, last_seen_at, created_at, deadline, ended, unrevoked, body FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_by_rowid RENAME TO sessions;
CREATE INDEX sessions_by_user ON sessions (user_id, app, created_at) WHERE ended = 0;
CREATE INDEX sessions_by_deadline ON sessions (deadline);
CREATE INDEX sessions_unrevoked ON sessions (app, id) WHERE unrevoked = 1;

-- +goose Down
CREATE TABLE sessions_without_rowid (
	id           BLOB    NOT NULL PRIMARY KEY,
	app          TEXT    NOT NULL,
	user_id      TEXT    NOT NULL,
	version      INTEGER NOT NULL,
	last_seen_at INTEGER NOT NULL,
	created_at   INTEGER NOT NULL,
	deadline     INTEGER NOT NULL,
	ended        INTEGER NOT NULL,
	unrevoked    INTEGER NOT NULL,
	body         BLOB    NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO sessions_without_rowid SELECT id, app, user_id, version, last_seen_at, created_at, deadline, ended, unrevoked, body FROM sessions;
DROP TABLE sessions;
ALTER TABLE sessions_without_rowid RENAME TO sessions;
CREATE INDEX sessions_by_user ON sessions (user_id, app, created_at) WHERE ended = 0;
CREATE INDEX sessions_by_deadline ON sessions (deadline);
CREATE INDEX sessions_unrevoked ON sessions (app, id) WHERE unrevoked = 1;
