-- Of a claim (claim.sql) only the taking of the jobs.
-- Variables: instance, batch.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now \gset
SELECT 1 FROM instances WHERE id = CAST(:instance AS BYTEA) AND epoch = 1 FOR KEY SHARE;
SELECT array_agg(row_id) AS jobs FROM (
  SELECT row_id, organization_id, subject_id, attempts FROM jobs
  WHERE due_at <= :now AND lease_instance IS NULL AND kind = 'Deliver'
  ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED) AS chosen \gset
UPDATE jobs SET lease_instance = CAST(:instance AS BYTEA), lease_epoch = 1
FROM (SELECT * FROM unnest(CAST(:jobs AS BIGINT[])) AS u(job)) AS i WHERE jobs.row_id = i.job;
COMMIT;
BEGIN;
UPDATE jobs SET lease_instance = NULL, due_at = :now
FROM (SELECT * FROM unnest(CAST(:jobs AS BIGINT[])) AS u(job)) AS i WHERE jobs.row_id = i.job;
COMMIT;
