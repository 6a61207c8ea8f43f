-- +goose Up
CREATE TABLE webhooks (
	id                  TEXT PRIMARY KEY,
	url                 TEXT NOT NULL,
	description         TEXT NOT NULL,
	connect_timeout     INTEGER NOT NULL, -- milliseconds
	read_timeout        INTEGER NOT NULL, -- milliseconds
	is_global           INTEGER NOT NULL,
	is_signed           INTEGER NOT NULL,
	insert_instant      INTEGER NOT NULL,
	last_update_instant INTEGER NOT NULL,
	claim               TEXT NOT NULL DEFAULT '', -- of the node that sends just now
	claimed_until       INTEGER NOT NULL DEFAULT 0,
	next_instant        INTEGER NOT NULL DEFAULT 0, -- of the next attempt, after one that failed
	attempts            INTEGER NOT NULL DEFAULT 0  -- that failed, one after another
) STRICT;

CREATE TABLE webhook_events (
	webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	type       TEXT NOT NULL,
	PRIMARY KEY (type, webhook_id)
) STRICT;
CREATE INDEX webhook_events_webhook ON webhook_events (webhook_id);

CREATE TABLE webhook_tenants (
	webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	tenant_id  TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
	PRIMARY KEY (webhook_id, tenant_id)
) STRICT;

-- What is still to be sent. Nothing stays that was.
CREATE TABLE deliveries (
	seq            INTEGER PRIMARY KEY AUTOINCREMENT,
	webhook_id     TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	event_id       TEXT NOT NULL,
	type           TEXT NOT NULL,
	body           BLOB NOT NULL,
	insert_instant INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, seq);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE webhook_tenants;
DROP TABLE webhook_events;
DROP TABLE webhooks;
