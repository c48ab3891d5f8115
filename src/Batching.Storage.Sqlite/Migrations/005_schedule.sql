-- A batch may start later than it was accepted, and end earlier than it expires. Of the batches of an owner those with a higher
-- priority go first.
ALTER TABLE batches ADD COLUMN start_time_ms INTEGER;
ALTER TABLE batches ADD COLUMN priority INTEGER NOT NULL DEFAULT 5 CHECK (priority BETWEEN 0 AND 9);
ALTER TABLE batches ADD COLUMN deadline_ms INTEGER;

CREATE INDEX batches_to_start ON batches (start_time_ms) WHERE start_time_ms IS NOT NULL;
