-- A claim as the engine makes it (core/jobs/jobs.cpp, core/delivery/delivery_records.cpp). What
-- follows the first COMMIT puts the jobs back to the end of the queue and does not count.
-- Variables: instance, batch.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now \gset
SELECT 1 FROM instances WHERE id = CAST(:instance AS BYTEA) AND epoch = 1 FOR KEY SHARE;
SELECT array_agg(row_id) AS jobs, array_agg(subject_id) AS sends FROM (
  SELECT row_id, organization_id, subject_id, attempts FROM jobs
  WHERE due_at <= :now AND lease_instance IS NULL AND kind = 'Deliver'
  ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED) AS chosen \gset
UPDATE jobs SET lease_instance = CAST(:instance AS BYTEA), lease_epoch = 1
FROM (SELECT * FROM unnest(CAST(:jobs AS BIGINT[])) AS u(job)) AS i WHERE jobs.row_id = i.job;
SELECT s.id, s.organization_id, s.idempotency_key, s.status, s.skipped_reason, s.failure_reason,
  s.failure_message, s.template_id, s.template_snapshot_id, s.sender_profile_id, s.from_email,
  s.from_name, s.reply_to_email, s.reply_to_name, s.subject, s.subscription_group_id, s.profile_id,
  s.to_email, s.cc, s.bcc, s.click_tracking, s.at_most_once, s.message_id, s.deadline_at,
  s.created_at, s.updated_at, c.data, c.profile, p.erased_at, x.reason, f.removed_at, d.status,
  g.policy, b.subscribed
FROM (SELECT * FROM unnest(CAST(:sends AS BYTEA[])) AS u(send_id)) AS i
  JOIN email_sends s ON s.id = i.send_id
  LEFT JOIN email_contents c ON c.send_id = s.id
  LEFT JOIN profiles p ON p.organization_id = s.organization_id AND p.id = s.profile_id
  LEFT JOIN suppressions x ON x.organization_id = s.organization_id AND x.email_key = p.email_key
  LEFT JOIN sender_profiles f ON f.organization_id = s.organization_id
    AND f.id = s.sender_profile_id
  LEFT JOIN sending_domains d ON d.organization_id = s.organization_id AND d.id = f.domain_id
  LEFT JOIN subscription_groups g ON g.organization_id = s.organization_id
    AND g.id = s.subscription_group_id
  LEFT JOIN subscriptions b ON b.organization_id = s.organization_id AND b.group_id = g.id
    AND b.profile_id = s.profile_id;
UPDATE email_sends SET status = 'Processing', message_id = i.message_id, updated_at = :now
FROM (SELECT * FROM unnest(CAST(:sends AS BYTEA[]), CAST(:sends AS BYTEA[]))
  AS u(id, message_id)) AS i WHERE email_sends.id = i.id;
COMMIT;
BEGIN;
UPDATE jobs SET lease_instance = NULL, due_at = :now
FROM (SELECT * FROM unnest(CAST(:jobs AS BIGINT[])) AS u(job)) AS i WHERE jobs.row_id = i.job;
UPDATE email_sends SET status = 'Queued', message_id = NULL
FROM (SELECT * FROM unnest(CAST(:sends AS BYTEA[])) AS u(send)) AS i
WHERE email_sends.id = i.send;
COMMIT;
