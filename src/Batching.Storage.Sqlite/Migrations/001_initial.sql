-- Times are milliseconds since 1970-01-01 UTC. Rows that only ever grow at the end live in rowid tables with an
-- index beside them: the wide rows are then written once, one after the other, whatever batch they belong to.

CREATE TABLE key_counter (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    next_key INTEGER NOT NULL CHECK (next_key >= 1)
) STRICT;

INSERT INTO key_counter (id, next_key) VALUES (1, 1);

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
    batch_key      INTEGER PRIMARY KEY CHECK (batch_key >= 1),
    owner          TEXT    NOT NULL,
    create_time_ms INTEGER NOT NULL,
    expire_time_ms INTEGER NOT NULL,
    delete_time_ms INTEGER NOT NULL,
    done_time_ms   INTEGER,
    capacity       INTEGER NOT NULL,
    spawner_pages  INTEGER NOT NULL CHECK (spawner_pages >= 0),
    total          INTEGER NOT NULL CHECK (total BETWEEN 1 AND capacity),
    finished       INTEGER NOT NULL CHECK (finished BETWEEN 0 AND total),
    failed         INTEGER NOT NULL CHECK (failed BETWEEN 0 AND finished),
    response_size  INTEGER NOT NULL CHECK (response_size >= 0),
    received       INTEGER NOT NULL CHECK (received BETWEEN 0 AND finished),
    cancelled      INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    expired        INTEGER NOT NULL CHECK (expired IN (0, 1)),
    request_bytes  INTEGER NOT NULL CHECK (request_bytes >= 0),
    payload_bytes  INTEGER NOT NULL CHECK (payload_bytes >= 0),
    credential     BLOB,
    peer           TEXT,
    trace          TEXT,
    CONSTRAINT done_only_when_finished CHECK (done_time_ms IS NULL OR finished = total)
) STRICT;

-- An index ends with the row's key, so these two are ordered by (…, batch_key).
CREATE INDEX batches_by_owner ON batches (owner);
CREATE INDEX batches_to_delete ON batches (delete_time_ms);
CREATE INDEX batches_to_expire ON batches (expire_time_ms) WHERE expired = 0;
CREATE INDEX batches_unfinished ON batches (batch_key) WHERE finished < total;

-- What the batches of an owner take, changed in the transaction that changes them. An owner without batches has no row.
CREATE TABLE owners (
    owner    TEXT    PRIMARY KEY NOT NULL,
    batches  INTEGER NOT NULL CHECK (batches >= 0),
    requests INTEGER NOT NULL CHECK (requests >= batches),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_windows (
    window_id     INTEGER PRIMARY KEY,
    batch_key     INTEGER NOT NULL,
    first_index   INTEGER NOT NULL CHECK (first_index >= 0),
    request_count INTEGER NOT NULL CHECK (request_count >= 1),
    data          BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX request_windows_by_index ON request_windows (batch_key, first_index);

-- Batches of which windows are stored, but which nobody has accepted yet.
CREATE TABLE staged_batches (
    batch_key     INTEGER PRIMARY KEY CHECK (batch_key >= 1),
    request_bytes INTEGER NOT NULL CHECK (request_bytes >= 0)
) STRICT;

CREATE TABLE result_segments (
    segment_id     INTEGER PRIMARY KEY,
    batch_key      INTEGER NOT NULL,
    first_position INTEGER NOT NULL CHECK (first_position >= 1),
    result_count   INTEGER NOT NULL CHECK (result_count >= 1),
    entries        BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX result_segments_by_position ON result_segments (batch_key, first_position);

-- Apart from the segments, so that expiry frees whole pages. It has its segment's key and needs no index.
CREATE TABLE result_payloads (
    segment_id INTEGER PRIMARY KEY,
    payload    BLOB NOT NULL
) STRICT;

-- One row for each time requests were started: their indexes as 32-bit little-endian numbers.
CREATE TABLE started_requests (
    start_id  INTEGER PRIMARY KEY,
    batch_key INTEGER NOT NULL,
    indexes   BLOB    NOT NULL CHECK (length(indexes) > 0 AND length(indexes) % 4 = 0)
) STRICT;

CREATE INDEX started_requests_by_batch ON started_requests (batch_key);

-- What is deleted for every reader, but still takes up space. See Sweeper.
CREATE TABLE sweeps (
    batch_key     INTEGER PRIMARY KEY,
    scope         INTEGER NOT NULL CHECK (scope BETWEEN 1 AND 3),
    next_position INTEGER NOT NULL DEFAULT 1
) STRICT;
