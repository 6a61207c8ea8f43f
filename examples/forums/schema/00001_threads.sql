-- +goose Up
CREATE TABLE threads (
    id           INTEGER PRIMARY KEY,
    title        TEXT    NOT NULL,
    last_post_at INTEGER NOT NULL -- Unix milliseconds
) STRICT;

CREATE INDEX threads_newest ON threads (last_post_at DESC, id DESC);

CREATE TABLE posts (
    id         INTEGER PRIMARY KEY,
    thread_id  INTEGER NOT NULL REFERENCES threads (id),
    user_id    TEXT    NOT NULL,
    author     TEXT    NOT NULL, -- the name at the time of writing
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL  -- Unix milliseconds
) STRICT;

CREATE INDEX posts_of_thread ON posts (thread_id, id);

-- +goose Down
DROP TABLE posts;
DROP TABLE threads;
