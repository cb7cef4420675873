-- Records by token, and since when a VPS is terminated: from then on it is kept for a while.
-- oldest-worker: 1

ALTER TABLE action_log ADD KEY action_log_token (token_id, id);
ALTER TABLE vpses ADD COLUMN terminated_at DATETIME(3) NULL COMMENT 'UTC; NULL of a terminated one: not known, set at the next tidy';
