-- Batches as other APIs have them: with attributes that only their dialect reads, with a time at which they are stopped,
-- and with the files that they are read from.
ALTER TABLE batches ADD COLUMN cancel_time_ms INTEGER;
ALTER TABLE batches ADD COLUMN may_repeat INTEGER NOT NULL DEFAULT 0 CHECK (may_repeat IN (0, 1));
ALTER TABLE batches ADD COLUMN attributes BLOB;

-- Files have numbers of the same counter as batches, so that staged_batches and sweeps serve both.
CREATE TABLE files (
    file_key       INTEGER PRIMARY KEY CHECK (file_key >= 1),
    owner          TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    purpose        TEXT    NOT NULL,
    bytes          INTEGER NOT NULL CHECK (bytes >= 0),
    create_time_ms INTEGER NOT NULL,
    expire_time_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX files_by_owner ON files (owner);
CREATE INDEX files_to_expire ON files (expire_time_ms);

CREATE TABLE file_chunks (
    chunk_id   INTEGER PRIMARY KEY,
    file_key   INTEGER NOT NULL,
    first_byte INTEGER NOT NULL CHECK (first_byte >= 0),
    data       BLOB    NOT NULL CHECK (length(data) > 0)
) STRICT;

CREATE UNIQUE INDEX file_chunks_by_byte ON file_chunks (file_key, first_byte);

-- Batches that have a number and an owner, but no requests yet, and those that never got any. One that is accepted is deleted
-- in the same transaction. What is staged of one that is not ended stays over a restart.
CREATE TABLE drafts (
    batch_key      INTEGER PRIMARY KEY CHECK (batch_key >= 1),
    owner          TEXT    NOT NULL,
    create_time_ms INTEGER NOT NULL,
    delete_time_ms INTEGER NOT NULL,
    end_time_ms    INTEGER,
    credential     BLOB,
    peer           TEXT,
    trace          TEXT,
    attributes     BLOB    NOT NULL,
    problems       BLOB,
    CONSTRAINT problems_only_when_ended CHECK (problems IS NULL OR end_time_ms IS NOT NULL)
) STRICT;

CREATE INDEX drafts_by_owner ON drafts (owner);
CREATE INDEX drafts_to_delete ON drafts (delete_time_ms);
CREATE INDEX drafts_open ON drafts (batch_key) WHERE end_time_ms IS NULL;
