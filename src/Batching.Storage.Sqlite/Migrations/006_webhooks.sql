-- The URL that is told of a batch, and the sum of the events that it is told of.
ALTER TABLE batches ADD COLUMN notify_url TEXT;
ALTER TABLE batches ADD COLUMN notify_events INTEGER NOT NULL DEFAULT 0
    CHECK (notify_events BETWEEN 0 AND 7 AND (notify_url IS NULL) = (notify_events = 0));

-- Messages that tell owners of their batches, written in the transaction that makes them true. One that still waits (state 1)
-- outlives its batch: it has all that is needed to send it.
CREATE TABLE webhook_messages (
    batch_key       INTEGER NOT NULL CHECK (batch_key >= 1),
    event           INTEGER NOT NULL CHECK (event IN (1, 2, 4)),
    owner           TEXT    NOT NULL,
    host            TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    body            BLOB    NOT NULL,
    create_time_ms  INTEGER NOT NULL,
    state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    attempt_time_ms INTEGER,
    status_code     INTEGER NOT NULL,
    error           TEXT,
    next_time_ms    INTEGER NOT NULL,
    end_time_ms     INTEGER NOT NULL,
    PRIMARY KEY (batch_key, event),
    CONSTRAINT attempted_at_some_time CHECK ((attempts = 0) = (attempt_time_ms IS NULL))
) STRICT;

CREATE INDEX webhook_messages_by_lane ON webhook_messages (owner, host, next_time_ms) WHERE state = 1;
CREATE INDEX webhook_messages_by_time ON webhook_messages (next_time_ms) WHERE state = 1;
