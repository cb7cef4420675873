-- Who asked for what, when, and how it ended. No foreign keys: a record outlives what it speaks of.
-- oldest-worker: 1

CREATE TABLE IF NOT EXISTS action_log (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  actor_kind ENUM('customer', 'operator', 'panel', 'timer') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor VARCHAR(190) NOT NULL DEFAULT '' COMMENT 'the operator''s login; empty for the others',
  user_id BIGINT UNSIGNED NULL,
  token_id BIGINT UNSIGNED NULL,
  client_address VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  vps_id BIGINT UNSIGNED NULL,
  action VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'start, stop, restart, suspend, token-revoke, ...',
  detail VARCHAR(1000) NOT NULL DEFAULT '',
  request_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  begun_at DATETIME(3) NOT NULL COMMENT 'UTC',
  ended_at DATETIME(3) NULL COMMENT 'UTC; NULL: an intent that is still open',
  outcome ENUM('done', 'failed', 'refused', 'unreachable', 'unknown') CHARACTER SET ascii COLLATE ascii_bin NULL,
  PRIMARY KEY (id),
  KEY action_log_vps (vps_id, id),
  KEY action_log_open (vps_id, ended_at),
  KEY action_log_user (user_id, id),
  KEY action_log_begun (begun_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
