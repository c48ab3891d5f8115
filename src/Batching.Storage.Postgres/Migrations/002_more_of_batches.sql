-- What a batch is submitted with. The key is bytes for the reason that owners are. An owner has one batch with a key at most: of
-- two submissions with the same one the second is refused in its own transaction.
ALTER TABLE batches
    ADD COLUMN submission_key bytea,
    ADD COLUMN content_hash   text CHECK ((submission_key IS NULL) = (content_hash IS NULL)),
    ADD COLUMN start_time_ms  bigint,
    ADD COLUMN priority       integer NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9),
    ADD COLUMN deadline_ms    bigint,
    ADD COLUMN notify_url     text,
    ADD COLUMN notify_events  integer NOT NULL DEFAULT 0
        CHECK (notify_events BETWEEN 0 AND 7 AND (notify_url IS NULL) = (notify_events = 0)),
    ADD COLUMN cancel_time_ms bigint,
    ADD COLUMN may_repeat     boolean NOT NULL DEFAULT false,
    ADD COLUMN attributes     bytea,
    ADD COLUMN dependencies   integer NOT NULL DEFAULT 0 CHECK (dependencies >= 0);

CREATE UNIQUE INDEX batches_by_submission_key ON batches (owner, submission_key) WHERE submission_key IS NOT NULL;
CREATE INDEX batches_to_start ON batches (start_time_ms, batch_key) WHERE start_time_ms IS NOT NULL AND finished < total;

-- Refuses new batches, in their order, if one of them has a key that its owner has used. The message is the number of that batch,
-- and nothing else. Nobody else stores one meanwhile: whoever asks holds the store.
CREATE FUNCTION check_submission_keys(keys bigint[], owners bytea[], submission_keys bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    SELECT n.batch_key INTO taken
    FROM (
        SELECT u.*, row_number() OVER (PARTITION BY u.owner, u.submission_key ORDER BY u.place) AS nth
        FROM unnest(keys, owners, submission_keys) WITH ORDINALITY AS u (batch_key, owner, submission_key, place)) n
    WHERE n.nth > 1
        OR EXISTS (SELECT 1 FROM batch.batches b WHERE b.owner = n.owner AND b.submission_key = n.submission_key)
    ORDER BY n.place LIMIT 1;
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION '%', taken USING ERRCODE = 'BG003';
    END IF;
END
$$;

-- Messages that tell owners of their batches, written in the transaction that makes them true. One that still waits (state 1)
-- outlives its batch: it has all that is needed to send it. Lanes are ordered by their bytes.
CREATE TABLE webhook_messages (
    batch_key       bigint  NOT NULL CHECK (batch_key >= 1),
    event           integer NOT NULL CHECK (event IN (1, 2, 4)),
    owner           bytea   NOT NULL,
    host            text    COLLATE "C" NOT NULL,
    url             text    NOT NULL,
    body            bytea   NOT NULL,
    create_time_ms  bigint  NOT NULL,
    state           integer NOT NULL CHECK (state BETWEEN 1 AND 3),
    attempts        integer NOT NULL CHECK (attempts >= 0),
    attempt_time_ms bigint,
    status_code     integer NOT NULL,
    error           bytea,
    next_time_ms    bigint  NOT NULL,
    end_time_ms     bigint  NOT NULL,
    PRIMARY KEY (batch_key, event),
    CONSTRAINT attempted_at_some_time CHECK ((attempts = 0) = (attempt_time_ms IS NULL))
);

CREATE INDEX webhook_messages_by_lane ON webhook_messages (owner, host, next_time_ms) WHERE state = 1;
CREATE INDEX webhook_messages_by_time ON webhook_messages (next_time_ms) WHERE state = 1;

-- Files have numbers of the same counter as batches, so that staged_batches and sweeps serve both. They count in owners.bytes, as
-- drafts do.
CREATE TABLE files (
    file_key       bigint PRIMARY KEY CHECK (file_key >= 1),
    owner          bytea  NOT NULL,
    name           bytea  NOT NULL,
    purpose        bytea  NOT NULL,
    bytes          bigint NOT NULL CHECK (bytes >= 0),
    create_time_ms bigint NOT NULL,
    expire_time_ms bigint NOT NULL
);

CREATE INDEX files_by_owner ON files (owner, (-file_key));
CREATE INDEX files_to_expire ON files (expire_time_ms, file_key);

CREATE TABLE file_chunks (
    file_key   bigint NOT NULL,
    first_byte bigint NOT NULL CHECK (first_byte >= 0),
    data       bytea  NOT NULL CHECK (length(data) > 0),
    PRIMARY KEY (file_key, first_byte)
);

ALTER TABLE file_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

-- Batches that have a number and an owner, but no requests yet, and those that never got any. One that is accepted is deleted
-- in the same transaction. What is staged of one that is not ended stays over a restart.
CREATE TABLE drafts (
    batch_key      bigint PRIMARY KEY CHECK (batch_key >= 1),
    owner          bytea  NOT NULL,
    create_time_ms bigint NOT NULL,
    delete_time_ms bigint NOT NULL,
    end_time_ms    bigint,
    credential     bytea,
    peer           text,
    trace          text,
    attributes     bytea  NOT NULL,
    problems       bytea,
    CONSTRAINT problems_only_when_ended CHECK (problems IS NULL OR end_time_ms IS NOT NULL)
);

CREATE INDEX drafts_by_owner ON drafts (owner, (-batch_key));
CREATE INDEX drafts_to_delete ON drafts (delete_time_ms, batch_key);
CREATE INDEX drafts_open ON drafts (batch_key) WHERE end_time_ms IS NULL;
