-- +goose Up
-- Keys that signed the tokens of an application until it was given another, as long as such a token may live.
CREATE TABLE former_keys (
	application_id text NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
	key_id         text NOT NULL, -- '' is the provider's own
	until          bigint NOT NULL,
	PRIMARY KEY (application_id, key_id)
);

-- +goose Down
DROP TABLE former_keys;
