#include "core/store/schema.hpp"

#include <array>

namespace segmentflow {
namespace {

// Wide rows live in row-id tables with a unique UUIDv7: an order of magnitude faster than a table
// clustered on the UUID. Times are microseconds, booleans 0 or 1, enums their wire names.
constexpr std::string_view kFoundation = R"sql(
CREATE TABLE installation (
  row_id INTEGER_ID,
  singleton BIGINT NOT NULL UNIQUE,
  secret_check BYTES NOT NULL,
  delivery_sealed BYTES,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE instances (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  epoch BIGINT NOT NULL,
  role TEXT NOT NULL,
  host TEXT NOT NULL,
  process_id BIGINT NOT NULL,
  version TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  heartbeat_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE organizations (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  name TEXT NOT NULL,
  key_hash BYTES NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  scopes TEXT NOT NULL,
  at_most_once BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE sending_domains (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  domain TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (organization_id, domain)
);

CREATE TABLE sender_profiles (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  domain_id BYTES NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  removed_at BIGINT,
  UNIQUE (organization_id, email_key)
);

CREATE TABLE subscription_groups (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  name TEXT NOT NULL,
  policy TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, name)
);

CREATE TABLE profiles (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  properties TEXT NOT NULL,
  erased_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (organization_id, email_key)
);

CREATE TABLE profile_external_ids (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  external_id TEXT NOT NULL,
  profile_id BYTES NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, external_id)
);
CREATE INDEX profile_external_ids_profile ON profile_external_ids (profile_id);

CREATE TABLE subscriptions (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  group_id BYTES NOT NULL,
  profile_id BYTES NOT NULL,
  subscribed BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (group_id, profile_id)
);

CREATE TABLE suppressions (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  email_key TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (organization_id, email_key)
);

CREATE TABLE templates (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  key TEXT,
  name TEXT NOT NULL,
  purpose TEXT NOT NULL,
  status TEXT NOT NULL,
  language TEXT NOT NULL,
  sender_profile_id BYTES,
  is_complete BIGINT NOT NULL,
  problems TEXT NOT NULL,
  snapshot_id BYTES NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (organization_id, key)
);

CREATE TABLE template_snapshots (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  template_id BYTES NOT NULL,
  digest BYTES NOT NULL,
  definition TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (template_id, digest)
);

CREATE TABLE email_sends (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_mac BYTES NOT NULL,
  fingerprint BYTES NOT NULL,
  status TEXT NOT NULL,
  skipped_reason TEXT,
  failure_reason TEXT,
  failure_message TEXT,
  template_id BYTES NOT NULL,
  template_snapshot_id BYTES NOT NULL,
  sender_profile_id BYTES NOT NULL,
  from_email TEXT NOT NULL,
  from_name TEXT,
  reply_to_email TEXT,
  reply_to_name TEXT,
  subject TEXT NOT NULL,
  subscription_group_id BYTES,
  profile_id BYTES NOT NULL,
  to_email TEXT NOT NULL,
  cc TEXT NOT NULL,
  bcc TEXT NOT NULL,
  click_tracking BIGINT NOT NULL,
  at_most_once BIGINT NOT NULL,
  api_key_id BYTES NOT NULL,
  message_id BYTES,
  deadline_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (organization_id, idempotency_key)
);
CREATE INDEX email_sends_open ON email_sends (deadline_at) WHERE status IN ('Queued', 'Processing');

CREATE TABLE email_contents (
  row_id INTEGER_ID,
  send_id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  data TEXT NOT NULL,
  profile TEXT NOT NULL
);

CREATE TABLE jobs (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  kind TEXT NOT NULL,
  subject_id BYTES NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_instance BYTES,
  lease_epoch BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (due_at);
CREATE INDEX jobs_leased ON jobs (lease_instance) WHERE lease_instance IS NOT NULL;

CREATE TABLE delivery_attempts (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  send_id BYTES NOT NULL,
  number BIGINT NOT NULL,
  instance_id BYTES NOT NULL,
  outcome TEXT NOT NULL,
  phase TEXT NOT NULL,
  peer TEXT NOT NULL,
  reply_code BIGINT NOT NULL,
  reply_enhanced TEXT NOT NULL,
  reply_text TEXT NOT NULL,
  detail TEXT NOT NULL,
  refused_copies TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT,
  UNIQUE (send_id, number)
);
CREATE INDEX delivery_attempts_open ON delivery_attempts (instance_id) WHERE outcome = 'Pending';
CREATE INDEX delivery_attempts_unknown ON delivery_attempts (finished_at) WHERE outcome = 'Unknown';
)sql";

// The lease is in no index, so that a claim rewrites none: what an instance holds is looked for
// only when it ends. `database_identity` tells a restored copy from the database it was made of.
// The deadline is the job's: an index on open sends would be rewritten with each status.
constexpr std::string_view kManyNodes = R"sql(
DROP INDEX jobs_leased;
DROP INDEX email_sends_open;
ALTER TABLE jobs ADD COLUMN deadline_at BIGINT;
UPDATE jobs SET deadline_at =
  (SELECT s.deadline_at FROM email_sends s WHERE s.id = jobs.subject_id);
CREATE INDEX jobs_deadline ON jobs (deadline_at);
ALTER TABLE installation ADD COLUMN database_identity TEXT;
ALTER TABLE installation ADD COLUMN move_token BYTES;
ALTER TABLE installation ADD COLUMN moved_to TEXT;
CREATE TABLE arriving_moves (
  row_id INTEGER_ID,
  token BYTES NOT NULL UNIQUE,
  started_at BIGINT NOT NULL
);
)sql";

// The queue is small and rewritten all the time: pages with room for new versions beside the old
// ones, and a vacuum that comes soon and does not rest. History grows slowly and is vacuumed for
// its indexes.
constexpr std::string_view kManyNodesHints = R"sql(
ALTER TABLE jobs SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.1);
ALTER TABLE instances SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 50, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE email_sends SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE delivery_attempts SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE email_contents SET (autovacuum_vacuum_scale_factor = 0.05);
)sql";

// `kept_data`, `kept_profile` and `kept_subject` are what those become when the send is final: the
// same without the values that the template calls sensitive. null where it names none. `brand` is
// what /brand gives, frozen with the rest.
constexpr std::string_view kAuthoring = R"sql(
ALTER TABLE templates ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE templates ADD COLUMN sub_type TEXT;
CREATE TABLE brand_kits (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  name TEXT NOT NULL,
  is_default BIGINT NOT NULL,
  brand TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX brand_kits_of ON brand_kits (organization_id);
ALTER TABLE email_contents ADD COLUMN brand TEXT;
ALTER TABLE email_contents ADD COLUMN kept_data TEXT;
ALTER TABLE email_contents ADD COLUMN kept_profile TEXT;
ALTER TABLE email_contents ADD COLUMN kept_subject TEXT;
)sql";

// A claim rewrites all rows of a page at once: each new version needs room beside the old one, or
// all indexes get an entry for it.
constexpr std::string_view kAuthoringHints = R"sql(
ALTER TABLE email_sends SET (fillfactor = 50);
)sql";

// `guards` is JSON, null for a key without. A day counts from 1970 on, in UTC. A send with an
// approval waits for it, as its job tells.
constexpr std::string_view kGuards = R"sql(
ALTER TABLE api_keys ADD COLUMN guards TEXT;
CREATE TABLE api_key_days (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  api_key_id BYTES NOT NULL,
  day BIGINT NOT NULL,
  sends BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_key_days_of ON api_key_days (api_key_id, day);
CREATE TABLE approvals (
  row_id INTEGER_ID,
  id BYTES NOT NULL UNIQUE,
  organization_id BYTES NOT NULL,
  api_key_id BYTES NOT NULL,
  state TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  decided_at BIGINT
);
CREATE INDEX approvals_waiting ON approvals (row_id) WHERE state = 'Pending';
ALTER TABLE email_sends ADD COLUMN approval_id BYTES;
CREATE INDEX email_sends_of_approval ON email_sends (approval_id) WHERE approval_id IS NOT NULL;
CREATE TABLE audit_log (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  api_key_id BYTES NOT NULL,
  called_at BIGINT NOT NULL,
  surface TEXT NOT NULL,
  operation TEXT NOT NULL,
  outcome TEXT NOT NULL,
  is_dry_run BIGINT NOT NULL,
  arguments_digest BYTES NOT NULL,
  request_id TEXT
);
CREATE INDEX audit_log_of_time ON audit_log (called_at);
CREATE INDEX audit_log_of_key ON audit_log (api_key_id, called_at);
)sql";

// `crashes` counts the processes that died with the job before anybody could say that it was not to
// blame, `lone_crashes` those that rendered nothing else meanwhile (core/jobs/suspects.hpp). The
// first index is for claims of what is due, the second for organisations in turn.
constexpr std::string_view kSuspects = R"sql(
ALTER TABLE jobs ADD COLUMN crashes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN lone_crashes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN is_alone BIGINT NOT NULL DEFAULT 0;
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (due_at) WHERE crashes = 0;
CREATE INDEX jobs_of_organization ON jobs (organization_id, due_at) WHERE crashes = 0;
CREATE INDEX jobs_suspect ON jobs (lone_crashes, due_at) WHERE crashes > 0;
ALTER TABLE installation ADD COLUMN looked_at BIGINT;
ALTER TABLE installation ADD COLUMN clock_steps BIGINT NOT NULL DEFAULT 0;
)sql";

// Copies have a row once the relay has refused them while it took the primary recipient's mail;
// which copy it is, is its place in email_sends.cc or .bcc, so that no address is here. Tries that
// came to nothing before the relay heard of the mail are counted in one row of an email's attempts,
// number 0. `copies_subject` is the subject while copies are owed and email_sends has only what is
// kept of it. `relay_troubles` is what each process finds wrong with the relay, for the others.
constexpr std::string_view kCopies = R"sql(
CREATE TABLE delivery_copies (
  row_id INTEGER_ID,
  organization_id BYTES NOT NULL,
  send_id BYTES NOT NULL,
  list TEXT NOT NULL,
  place BIGINT NOT NULL,
  status TEXT NOT NULL,
  failure_reason TEXT,
  reply_code BIGINT NOT NULL,
  reply_enhanced TEXT NOT NULL,
  message TEXT NOT NULL,
  tries BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  next_attempt_at BIGINT,
  updated_at BIGINT NOT NULL,
  UNIQUE (send_id, list, place)
);
CREATE INDEX delivery_copies_owed ON delivery_copies (send_id) WHERE status = 'Processing';
CREATE TABLE relay_troubles (
  row_id INTEGER_ID,
  instance_id BYTES NOT NULL,
  organization_id BYTES,
  sender_profile_id BYTES,
  peer TEXT NOT NULL,
  stage TEXT NOT NULL,
  reply_code BIGINT NOT NULL,
  reply_enhanced TEXT NOT NULL,
  sentence TEXT NOT NULL,
  since BIGINT NOT NULL
);
ALTER TABLE delivery_attempts ADD COLUMN stage TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery_attempts ADD COLUMN tries BIGINT NOT NULL DEFAULT 1;
ALTER TABLE delivery_attempts ADD COLUMN next_attempt_at BIGINT;
ALTER TABLE email_contents ADD COLUMN copies_subject TEXT;
)sql";

// Large data is not compressed: that takes milliseconds within the commit that all share.
constexpr std::string_view kCopiesHints = R"sql(
ALTER TABLE email_contents ALTER COLUMN data SET STORAGE EXTERNAL,
  ALTER COLUMN kept_data SET STORAGE EXTERNAL, ALTER COLUMN profile SET STORAGE EXTERNAL,
  ALTER COLUMN kept_profile SET STORAGE EXTERNAL;
)sql";

// Erasing a Profile finds its emails by it, and goes through them in the order of their rows.
constexpr std::string_view kErasure = R"sql(
CREATE INDEX email_sends_of_profile ON email_sends (organization_id, profile_id, row_id);
)sql";

constexpr std::array kMigrations = {
    Migration{1, "foundation", kFoundation},
    Migration{2, "many nodes", kManyNodes, kManyNodesHints},
    Migration{3, "authoring", kAuthoring, kAuthoringHints},
    Migration{4, "guards", kGuards},
    Migration{5, "suspects", kSuspects},
    Migration{6, "erasure index", kErasure},
    Migration{7, "copies", kCopies, kCopiesHints},
};

}  // namespace

std::span<const Migration> schema_migrations() {
  return kMigrations;
}

}  // namespace segmentflow
