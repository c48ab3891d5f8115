-- A batch may be open for a while: then it is not done when all of its requests are. open_until_ms is when it is sealed by itself; appends
-- says what it was given so far, in the form of AppendState.
ALTER TABLE batches ADD COLUMN open_until_ms INTEGER CHECK (open_until_ms IS NULL OR done_time_ms IS NULL);
ALTER TABLE batches ADD COLUMN appends BLOB CHECK (appends IS NOT NULL OR open_until_ms IS NULL);

DROP INDEX batches_unfinished;
CREATE INDEX batches_unfinished ON batches (batch_key) WHERE finished < total OR open_until_ms IS NOT NULL;

-- So a batch may count that has no request without a result: the table is made anew without the check that says otherwise.
CREATE TABLE new_owners (
    owner    TEXT    PRIMARY KEY NOT NULL,
    batches  INTEGER NOT NULL CHECK (batches >= 0),
    requests INTEGER NOT NULL CHECK (requests >= 0),
    bytes    INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO new_owners (owner, batches, requests, bytes) SELECT owner, batches, requests, bytes FROM owners;
DROP TABLE owners;
ALTER TABLE new_owners RENAME TO owners;
