-- +goose Up
-- Digests of the tickets that were used up and that no change makes worthless, until they would have expired.
CREATE TABLE used_tickets (
	digest bytea PRIMARY KEY,
	until  bigint NOT NULL
);
CREATE INDEX used_tickets_until ON used_tickets (until);

-- +goose Down
DROP TABLE used_tickets;
