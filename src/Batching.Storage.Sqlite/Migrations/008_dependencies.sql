-- How often one of the requests of a batch names another one that it depends on: a start has to read which only where there are any.
ALTER TABLE batches ADD COLUMN dependencies INTEGER NOT NULL DEFAULT 0 CHECK (dependencies >= 0);
