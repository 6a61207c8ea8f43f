-- +goose Up
CREATE TABLE webhooks (
	id                  text PRIMARY KEY,
	url                 text NOT NULL,
	description         text NOT NULL,
	connect_timeout     bigint NOT NULL, -- milliseconds
	read_timeout        bigint NOT NULL, -- milliseconds
	is_global           boolean NOT NULL,
	is_signed           boolean NOT NULL,
	insert_instant      bigint NOT NULL,
	last_update_instant bigint NOT NULL,
	claim               text NOT NULL DEFAULT '', -- of the node that sends just now
	claimed_until       bigint NOT NULL DEFAULT 0,
	next_instant        bigint NOT NULL DEFAULT 0, -- of the next attempt, after one that failed
	attempts            bigint NOT NULL DEFAULT 0  -- that failed, one after another
);

CREATE TABLE webhook_events (
	webhook_id text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	type       text NOT NULL,
	PRIMARY KEY (type, webhook_id)
);
CREATE INDEX webhook_events_webhook ON webhook_events (webhook_id);

CREATE TABLE webhook_tenants (
	webhook_id text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	tenant_id  text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
	PRIMARY KEY (webhook_id, tenant_id)
);

-- What is still to be sent. Nothing stays that was.
CREATE TABLE deliveries (
	seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	webhook_id     text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
	event_id       text NOT NULL,
	type           text NOT NULL,
	body           bytea NOT NULL,
	insert_instant bigint NOT NULL
);
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, seq);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE webhook_tenants;
DROP TABLE webhook_events;
DROP TABLE webhooks;
