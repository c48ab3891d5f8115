-- The numbers of requests are reserved as they are needed: those that don't follow the batch's own. For each run its first
-- number in 64 bits and their count in 32, little-endian; null while there are none. capacity counts all of them.
--
-- From this version on request_windows may hold rows of pages, which have only what differs from their spawner.
ALTER TABLE batches ADD COLUMN number_runs BLOB CHECK (number_runs IS NULL OR length(number_runs) % 12 = 0);
