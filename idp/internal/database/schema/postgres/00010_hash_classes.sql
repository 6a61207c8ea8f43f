-- +goose Up
-- What the hashes of users begin with up to their salts: which costs there are.
CREATE TABLE hash_classes (
	class text PRIMARY KEY
);

-- +goose Down
DROP TABLE hash_classes;
