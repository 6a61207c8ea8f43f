-- +goose Up
CREATE TABLE sessions (
	id           uuid    NOT NULL PRIMARY KEY,
	version      bigint  NOT NULL,
	last_seen_at bigint  NOT NULL, -- milliseconds since 1970, as all times here; the one in body is older
	created_at   bigint  NOT NULL,
	deadline     bigint  NOT NULL,
	ended        boolean NOT NULL,
	unrevoked    boolean NOT NULL,
	app          bytea   NOT NULL, -- bytes, as user_id: text refuses some strings
	user_id      bytea   NOT NULL,
	body         bytea   NOT NULL  -- latchkey.Record in its binary form
) WITH (
	fillfactor = 90,                       -- room for the next version of a row in its page, so that a Swap writes no index
	autovacuum_vacuum_scale_factor = 0.05  -- of ten million rows, the default would first gather two million dead ones
);
CREATE INDEX sessions_by_user ON sessions (user_id, app, created_at) WHERE NOT ended;
CREATE INDEX sessions_by_deadline ON sessions (deadline) WHERE NOT unrevoked;
CREATE INDEX sessions_unrevoked ON sessions (app, id) WHERE unrevoked;

-- +goose Down
DROP TABLE sessions;
