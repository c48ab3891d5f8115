-- The key that a batch was submitted with, and the hash of what was submitted. An owner has one batch with a key at most: of two
-- submissions with the same one the second is refused in its own transaction.
ALTER TABLE batches ADD COLUMN submission_key TEXT;
ALTER TABLE batches ADD COLUMN content_hash TEXT CHECK ((submission_key IS NULL) = (content_hash IS NULL));

CREATE UNIQUE INDEX batches_by_submission_key ON batches (owner, submission_key) WHERE submission_key IS NOT NULL;
