-- Several gateways act for the store at the same time. Those that know of each other have shares set; one that does not is alone.
ALTER TABLE gateways ADD COLUMN shares boolean NOT NULL DEFAULT false;
DROP INDEX gateways_one_alive;
CREATE UNIQUE INDEX gateways_one_alone ON gateways (dead) WHERE NOT dead AND NOT shares;
CREATE INDEX gateways_alive ON gateways (gateway_id) WHERE NOT dead;

-- A batch is run by the gateway that is named in it, or, where it is shared, by those that hold its runs. Nobody has begun one
-- without either.
ALTER TABLE batches
    ADD COLUMN is_shared  boolean NOT NULL DEFAULT false,
    ADD COLUMN gateway_id bigint;

-- In the order in which they may be begun. One that is cancelled has to end at once, whenever it was to start.
CREATE INDEX batches_unclaimed ON batches ((CASE WHEN cancelled THEN 0 ELSE coalesce(start_time_ms, 0) END))
    WHERE gateway_id IS NULL AND NOT is_shared AND finished < total;
CREATE INDEX batches_claimed ON batches (gateway_id) WHERE gateway_id IS NOT NULL AND finished < total;

-- The requests of shared batches, a row for each window: who runs them. They stay until the batch is done, finished or not.
CREATE TABLE request_runs (
    batch_key     bigint  NOT NULL,
    first_index   integer NOT NULL CHECK (first_index >= 0),
    request_count integer NOT NULL CHECK (request_count >= 1),
    gateway_id    bigint,
    -- By a gateway that has died: some of them may be finished, and others begun.
    was_held      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (batch_key, first_index)
);

CREATE INDEX request_runs_free ON request_runs (batch_key, first_index) WHERE gateway_id IS NULL;
CREATE INDEX request_runs_held ON request_runs (gateway_id) WHERE gateway_id IS NOT NULL;

-- What other gateways have to learn soon: 1 a batch is cancelled, 2 expired, 3 deleted. Read from the oldest transaction on that was
-- under way the time before, so that none is missed that commits late.
CREATE TABLE batch_changes (
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    batch_key   bigint      NOT NULL,
    kind        integer     NOT NULL CHECK (kind BETWEEN 1 AND 3),
    change_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX batch_changes_by_xid ON batch_changes (xid);

-- Results that are on their way to a client: 1 a reply is being written, 2 it was written, 3 it has arrived, but not what is in
-- front of it. What is received in order is in the mark of the batch alone.
CREATE TABLE deliveries (
    batch_key      bigint  NOT NULL,
    first_position integer NOT NULL CHECK (first_position >= 1),
    last_position  integer NOT NULL,
    gateway_id     bigint  NOT NULL,
    -- Tells its gateway which one it is, where the answer was lost.
    reservation    bigint  NOT NULL,
    state          integer NOT NULL CHECK (state BETWEEN 1 AND 3),
    PRIMARY KEY (batch_key, first_position),
    CHECK (last_position >= first_position)
);

CREATE INDEX deliveries_of_gateways ON deliveries (gateway_id) WHERE state < 3;

-- Upstreams that have asked a gateway to be left alone: by the calls of an owner, or, with an empty one, by all. What a crash loses
-- is learned again.
CREATE UNLOGGED TABLE upstream_pauses (
    upstream    text        COLLATE "C" NOT NULL,
    owner       bytea       NOT NULL,
    pause_until timestamptz NOT NULL,
    PRIMARY KEY (upstream, owner)
);

ALTER TABLE drafts ADD COLUMN gateway_id bigint;
CREATE INDEX drafts_unclaimed ON drafts (batch_key) WHERE gateway_id IS NULL AND end_time_ms IS NULL;
CREATE INDEX drafts_claimed ON drafts (gateway_id) WHERE gateway_id IS NOT NULL AND end_time_ms IS NULL;

-- Gives others what a gateway has held that is dead. In the transaction that marks it as dead.
CREATE FUNCTION free_work(gone bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM batch.batches WHERE gateway_id = gone AND finished < total ORDER BY batch_key FOR NO KEY UPDATE;
    UPDATE batch.batches SET gateway_id = NULL WHERE gateway_id = gone AND finished < total;
    UPDATE batch.request_runs SET gateway_id = NULL, was_held = true WHERE gateway_id = gone;
    UPDATE batch.drafts SET gateway_id = NULL WHERE gateway_id = gone AND end_time_ms IS NULL;
    DELETE FROM batch.deliveries WHERE gateway_id = gone AND state < 3;
END
$$;

-- Reserves the first results of a batch that nobody has received or is receiving, and says how far everything was written.
CREATE FUNCTION reserve_results(own bigint, wanted bigint, most integer, number bigint,
    OUT first integer, OUT last integer, OUT written integer, OUT on_the_way boolean) LANGUAGE plpgsql AS $$
DECLARE
    next_position integer;
    finished_now  integer;
    taken         record;
    in_order      boolean := true;
BEGIN
    PERFORM pg_advisory_xact_lock(-wanted);
    on_the_way := false;
    SELECT b.received, b.finished INTO written, finished_now FROM batch.batches b WHERE b.batch_key = wanted;
    IF NOT FOUND THEN
        written := 0;
        RETURN;
    END IF;
    next_position := written + 1;
    FOR taken IN
        SELECT d.first_position, d.last_position, d.state FROM batch.deliveries d
        WHERE d.batch_key = wanted AND d.last_position > written ORDER BY d.first_position
    LOOP
        on_the_way := on_the_way OR taken.state = 1;
        in_order := in_order AND taken.state > 1 AND taken.first_position <= written + 1;
        IF in_order THEN
            written := greatest(written, taken.last_position);
        END IF;
        IF first IS NULL AND taken.first_position > next_position THEN
            first := next_position;
            last := least(taken.first_position - 1, finished_now);
        END IF;
        next_position := greatest(next_position, taken.last_position + 1);
    END LOOP;
    IF first IS NULL AND next_position <= finished_now THEN
        first := next_position;
        last := finished_now;
    END IF;
    IF first IS NOT NULL AND most > 0 THEN
        last := least(last, first + most - 1);
        INSERT INTO batch.deliveries (batch_key, first_position, last_position, gateway_id, reservation, state)
        VALUES (wanted, first, last, own, number, 1);
    ELSE
        first := NULL;
        last := NULL;
    END IF;
END
$$;

-- Says what has become of results that were reserved: 0 they are free again, 1 fewer are on their way, 2 they were written,
-- 3 they have arrived.
CREATE FUNCTION settle_results(own bigint, wanted bigint, first integer, last integer, outcome integer)
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    mark integer;
    one  record;
BEGIN
    PERFORM pg_advisory_xact_lock(-wanted);
    IF outcome = 0 OR last < first THEN
        DELETE FROM batch.deliveries d WHERE d.batch_key = wanted AND d.first_position = first AND d.gateway_id = own AND d.state < 3;
        RETURN;
    END IF;
    UPDATE batch.deliveries d SET state = outcome, last_position = least(d.last_position, last)
    WHERE d.batch_key = wanted AND d.first_position = first AND d.gateway_id = own AND d.state <= outcome;
    IF outcome < 3 THEN
        RETURN;
    END IF;
    SELECT b.received INTO mark FROM batch.batches b WHERE b.batch_key = wanted FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT d.first_position, d.last_position, d.state FROM batch.deliveries d
        WHERE d.batch_key = wanted ORDER BY d.first_position
    LOOP
        EXIT WHEN one.first_position > mark + 1 OR (one.state < 3 AND one.last_position > mark);
        mark := greatest(mark, one.last_position);
        DELETE FROM batch.deliveries d WHERE d.batch_key = wanted AND d.first_position = one.first_position AND one.state = 3;
    END LOOP;
    UPDATE batch.batches b SET received = least(mark, b.finished) WHERE b.batch_key = wanted AND b.received < least(mark, b.finished);
END
$$;
