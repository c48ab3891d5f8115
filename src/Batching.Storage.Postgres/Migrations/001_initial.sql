-- Times of batches are milliseconds since 1970-01-01 UTC, by the clock of the gateway that accepted them. Leases are times of
-- this database alone. Names of owners are bytes: a text can't hold all of them.

CREATE TABLE key_counter (
    id       integer PRIMARY KEY CHECK (id = 1),
    next_key bigint  NOT NULL CHECK (next_key >= 1)
);

INSERT INTO key_counter (id, next_key) VALUES (1, 1);

-- Tells this database from a copy that was restored: see StoreIdentity.
CREATE TABLE store_identity (
    id       integer PRIMARY KEY CHECK (id = 1),
    identity text
);

INSERT INTO store_identity (id, identity) VALUES (1, NULL);

-- Each value is encrypted with the operator's key. See SecretWrapper.
CREATE TABLE secrets (
    name  text  COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

-- A row for each time that a gateway has held the store. Whoever takes over sets dead in the old row first.
--
-- A commit holds its gateway's row FOR KEY SHARE. That conflicts with a change of columns that a unique key has, which dead is
-- one of for this reason alone, and with no other change: so a take-over waits for the commits under way, and the renewal of a
-- lease waits for none of them.
CREATE TABLE gateways (
    gateway_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance    text        NOT NULL,
    host        text        NOT NULL,
    start_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz NOT NULL,
    dead        boolean     NOT NULL DEFAULT false,
    CONSTRAINT gateways_fence UNIQUE (gateway_id, dead)
);

-- One gateway is active at a time.
CREATE UNIQUE INDEX gateways_one_alive ON gateways (dead) WHERE NOT dead;

-- The number of a gateway's last commit, by which it learns what became of one whose answer it has lost. Whoever asks raises the
-- epoch: a commit of an older one that comes late is refused.
CREATE TABLE gateway_commits (
    gateway_id    bigint PRIMARY KEY REFERENCES gateways ON DELETE CASCADE,
    commit_number bigint NOT NULL DEFAULT 0 CHECK (commit_number >= 0),
    epoch         bigint NOT NULL DEFAULT 0 CHECK (epoch >= 0)
) WITH (fillfactor = 20);

-- The first statement of every change but for the reservation of keys.
CREATE FUNCTION check_alive(own bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM batch.gateways WHERE gateway_id = own AND NOT dead FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'gateway % does not hold the store any more', own USING ERRCODE = 'BG001';
    END IF;
END
$$;

-- The first statement of a group of changes.
CREATE FUNCTION begin_commit(own bigint, own_epoch bigint, number bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM batch.check_alive(own);
    UPDATE batch.gateway_commits SET commit_number = number WHERE gateway_id = own AND epoch = own_epoch;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'commit % of gateway % comes too late', number, own USING ERRCODE = 'BG002';
    END IF;
END
$$;

CREATE TABLE batches (
    batch_key      bigint  PRIMARY KEY CHECK (batch_key >= 1),
    owner          bytea   NOT NULL,
    create_time_ms bigint  NOT NULL,
    expire_time_ms bigint  NOT NULL,
    delete_time_ms bigint  NOT NULL,
    done_time_ms   bigint,
    capacity       integer NOT NULL,
    spawner_pages  integer NOT NULL CHECK (spawner_pages >= 0),
    total          integer NOT NULL CHECK (total BETWEEN 1 AND capacity),
    finished       integer NOT NULL CHECK (finished BETWEEN 0 AND total),
    failed         integer NOT NULL CHECK (failed BETWEEN 0 AND finished),
    response_size  bigint  NOT NULL CHECK (response_size >= 0),
    received       integer NOT NULL CHECK (received BETWEEN 0 AND finished),
    cancelled      boolean NOT NULL,
    expired        boolean NOT NULL,
    request_bytes  bigint  NOT NULL CHECK (request_bytes >= 0),
    payload_bytes  bigint  NOT NULL CHECK (payload_bytes >= 0),
    credential     bytea,
    peer           text,
    trace          text,
    number_runs    bytea   CHECK (length(number_runs) % 12 = 0),
    -- Where its payloads are.
    expire_hour    integer NOT NULL GENERATED ALWAYS AS ((expire_time_ms / 3600000)::integer) STORED,
    CONSTRAINT done_only_when_finished CHECK (done_time_ms IS NULL OR finished = total)
);

-- Over an expression, so that a batch of somebody is looked for among his own, by no index that has those of others: that it is
-- somebody else's is not to be told from that it is not there. The newest come first.
CREATE INDEX batches_by_owner ON batches (owner, (-batch_key));
CREATE INDEX batches_to_delete ON batches (delete_time_ms, batch_key);
CREATE INDEX batches_to_expire ON batches (expire_time_ms, batch_key) WHERE NOT expired;
CREATE INDEX batches_unfinished ON batches (batch_key) WHERE finished < total;

-- What the batches of an owner take, changed in the transaction that changes them. An owner without batches has no row.
CREATE TABLE owners (
    owner    bytea   PRIMARY KEY,
    batches  integer NOT NULL CHECK (batches >= 0),
    requests bigint  NOT NULL CHECK (requests >= batches),
    bytes    bigint  NOT NULL CHECK (bytes >= 0)
);

CREATE INDEX owners_empty ON owners (owner) WHERE batches = 0 AND bytes = 0;

CREATE TABLE request_windows (
    batch_key     bigint  NOT NULL,
    first_index   integer NOT NULL CHECK (first_index >= 0),
    request_count integer NOT NULL CHECK (request_count >= 1),
    data          bytea   NOT NULL,
    PRIMARY KEY (batch_key, first_index)
);

-- Batches of which windows are stored, but which nobody has accepted yet.
CREATE TABLE staged_batches (
    batch_key     bigint PRIMARY KEY CHECK (batch_key >= 1),
    gateway_id    bigint NOT NULL,
    request_bytes bigint NOT NULL CHECK (request_bytes >= 0)
);

CREATE TABLE result_segments (
    batch_key      bigint  NOT NULL,
    first_position integer NOT NULL CHECK (first_position >= 1),
    result_count   integer NOT NULL CHECK (result_count >= 1),
    entries        bytea   NOT NULL,
    PRIMARY KEY (batch_key, first_position)
);

-- Apart from the segments, in a partition for each hour (or each day, where they are kept for long) in which batches expire: what
-- has expired is freed by dropping a table. See PayloadPartitions.
CREATE TABLE result_payloads (
    batch_key      bigint  NOT NULL,
    first_position integer NOT NULL,
    expire_hour    integer NOT NULL,
    payload        bytea   NOT NULL,
    PRIMARY KEY (batch_key, first_position, expire_hour)
) PARTITION BY RANGE (expire_hour);

-- A row for each time requests were started: their indexes as 32-bit little-endian numbers.
CREATE TABLE started_requests (
    batch_key bigint NOT NULL,
    start_id  bigint GENERATED ALWAYS AS IDENTITY,
    indexes   bytea  NOT NULL CHECK (length(indexes) > 0 AND length(indexes) % 4 = 0),
    PRIMARY KEY (batch_key, start_id)
);

-- What is deleted for every reader, but still takes up space: 1 the marks of requests that were started, 2 everything. See
-- RowSweeper.
CREATE TABLE sweeps (
    batch_key bigint  PRIMARY KEY,
    scope     integer NOT NULL CHECK (scope IN (1, 2))
);

-- Bytes as they are: most responses are small or compressed already, and a part of a large one is read without the rest.
ALTER TABLE request_windows ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE result_segments ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE result_payloads ALTER COLUMN payload SET STORAGE EXTERNAL;
