-- What a start has to know of the end before it. While the store is open, is_open is 1 in the database file itself, so
-- that a copy made without the log is noticed. file_id tells the file from its copies.
CREATE TABLE store_state (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    file_id TEXT
) STRICT;

INSERT INTO store_state (id, is_open, file_id) VALUES (1, 0, NULL);
