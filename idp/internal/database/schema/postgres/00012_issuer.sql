-- +goose Up
-- The iss of a tenant's tokens; empty: the default tenant's, which has one. Databases of before keep theirs.
ALTER TABLE tenants ADD COLUMN issuer text NOT NULL DEFAULT '';
UPDATE tenants SET issuer = 'latchkey' WHERE is_default;

-- Issuers that a tenant had, as long as a token that names one may live.
CREATE TABLE former_issuers (
	tenant_id text NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
	issuer    text NOT NULL,
	until     bigint NOT NULL,
	PRIMARY KEY (tenant_id, issuer)
);

-- +goose Down
DROP TABLE former_issuers;
ALTER TABLE tenants DROP COLUMN issuer;
