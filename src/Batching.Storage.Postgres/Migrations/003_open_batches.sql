-- A batch may be open for a while: then it is not done when all of its requests are. open_until_ms is when it is sealed by itself; appends
-- says what it was given so far, in the form of AppendState.
ALTER TABLE batches
    ADD COLUMN open_until_ms bigint CHECK (open_until_ms IS NULL OR done_time_ms IS NULL),
    ADD COLUMN appends       bytea CHECK (appends IS NOT NULL OR open_until_ms IS NULL);

DROP INDEX batches_unfinished;
CREATE INDEX batches_unfinished ON batches (batch_key) WHERE finished < total OR open_until_ms IS NOT NULL;

-- So a batch may count that has no request without a result.
ALTER TABLE owners
    DROP CONSTRAINT owners_check,
    ADD CONSTRAINT owners_requests_check CHECK (requests >= 0);
