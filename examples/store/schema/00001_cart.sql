-- +goose Up
CREATE TABLE cart_items (
    user_id    TEXT    NOT NULL,
    product_id TEXT    NOT NULL,
    quantity   INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    added_at   INTEGER NOT NULL, -- Unix milliseconds
    PRIMARY KEY (user_id, product_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE cart_items;
