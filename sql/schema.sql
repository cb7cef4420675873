-- Every table as the migrations leave it, to be read, or loaded into an empty database in their place.
-- Made by `make schema` from a database that was migrated: do not edit.

CREATE TABLE `action_log` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `actor_kind` enum('customer','operator','panel','timer') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `actor` varchar(190) NOT NULL DEFAULT '' COMMENT 'the operator''s login; empty for the others',
  `user_id` bigint(20) unsigned DEFAULT NULL,
  `token_id` bigint(20) unsigned DEFAULT NULL,
  `client_address` varchar(45) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `vps_id` bigint(20) unsigned DEFAULT NULL,
  `action` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'start, stop, restart, suspend, token-revoke, ...',
  `detail` varchar(1000) NOT NULL DEFAULT '',
  `request_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `begun_at` datetime(3) NOT NULL COMMENT 'UTC',
  `ended_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: an intent that is still open',
  `outcome` enum('done','failed','refused','unreachable','unknown') CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `action_log_vps` (`vps_id`,`id`),
  KEY `action_log_open` (`vps_id`,`ended_at`),
  KEY `action_log_user` (`user_id`,`id`),
  KEY `action_log_begun` (`begun_at`),
  KEY `action_log_token` (`token_id`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `imports` (
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'what stands in the source of its rows',
  `origin` varchar(64) NOT NULL COMMENT 'the database that it reads',
  `begun_at` datetime(3) NOT NULL COMMENT 'UTC',
  `ended_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: it goes on, as a sync',
  `terminated_seen` tinyint(1) NOT NULL DEFAULT 0 COMMENT 'the panel has shown its column Terminated',
  PRIMARY KEY (`source`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `nodes` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(190) NOT NULL,
  `host` varchar(253) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `port` smallint(5) unsigned NOT NULL DEFAULT 22,
  `ssh_user` varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'root',
  `key_name` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'id_ed25519' COMMENT 'a file in the key directory of the settings',
  `location` varchar(190) NOT NULL DEFAULT '',
  `retired_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: in service',
  `name_in_service` varchar(190) GENERATED ALWAYS AS (case when `retired_at` is null then `name` else NULL end) STORED,
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `source_id` bigint(20) unsigned DEFAULT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  PRIMARY KEY (`id`),
  UNIQUE KEY `nodes_name` (`name_in_service`),
  UNIQUE KEY `nodes_source` (`source`,`source_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `node_host_keys` (
  `node_id` bigint(20) unsigned NOT NULL,
  `key_type` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `fingerprint` char(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA256:..., as ssh-keygen prints it',
  `public_key` varchar(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the whole key, Base64',
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  PRIMARY KEY (`node_id`,`fingerprint`),
  CONSTRAINT `node_host_keys_node_fk` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `schema_migrations` (
  `version` int(10) unsigned NOT NULL,
  `name` varchar(190) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `oldest_worker` int(10) unsigned NOT NULL,
  `applied_at` datetime(3) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `templates` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(190) NOT NULL,
  `description` varchar(1000) NOT NULL DEFAULT '',
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `source_id` bigint(20) unsigned DEFAULT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  PRIMARY KEY (`id`),
  UNIQUE KEY `templates_name` (`name`),
  UNIQUE KEY `templates_source` (`source`,`source_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_collections` (
  `node_id` bigint(20) unsigned NOT NULL,
  `last_tried_at` datetime(3) NOT NULL COMMENT 'UTC',
  `last_done_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: never',
  `containers` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'that ran, and were booked, when it was last done',
  `failure` varchar(1000) NOT NULL DEFAULT '' COMMENT 'why the last try failed; empty: it did not',
  PRIMARY KEY (`node_id`),
  CONSTRAINT `traffic_collections_node_fk` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `users` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(190) NOT NULL,
  `email` varchar(254) DEFAULT NULL,
  `disabled` tinyint(3) unsigned NOT NULL DEFAULT 0,
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL COMMENT 'where an imported row came from; NULL: made here',
  `source_id` bigint(20) unsigned DEFAULT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  PRIMARY KEY (`id`),
  UNIQUE KEY `users_name` (`name`),
  UNIQUE KEY `users_source` (`source`,`source_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `vpses` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20) unsigned NOT NULL,
  `node_id` bigint(20) unsigned NOT NULL,
  `template_id` bigint(20) unsigned DEFAULT NULL,
  `virtualization_type` smallint(5) unsigned NOT NULL DEFAULT 1 COMMENT '1: OpenVZ',
  `ctid` varchar(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `state` enum('active','suspended','terminated') CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'active',
  `stop_pending` tinyint(3) unsigned NOT NULL DEFAULT 0 COMMENT 'suspended or terminated, and not yet seen stopped',
  `living_ctid` varchar(36) CHARACTER SET ascii COLLATE ascii_bin GENERATED ALWAYS AS (case when `state` = 'terminated' then NULL else `ctid` end) STORED,
  `hostname` varchar(253) NOT NULL,
  `guaranteed_ram` bigint(20) unsigned NOT NULL COMMENT 'MB',
  `burstable_ram` bigint(20) unsigned DEFAULT NULL COMMENT 'MB; NULL: vSwap is used',
  `disk_space` bigint(20) unsigned NOT NULL COMMENT 'MB',
  `cpu_count` bigint(20) unsigned NOT NULL,
  `accounting` enum('split','combined') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `traffic_in_limit` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'bytes, split accounting; 0: none',
  `traffic_out_limit` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'bytes, split accounting; 0: none',
  `traffic_limit` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'bytes, combined accounting; 0: none',
  `billing_day` tinyint(3) unsigned NOT NULL DEFAULT 1 COMMENT '1 to 31, clamped to the month, UTC',
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `source_id` bigint(20) unsigned DEFAULT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  `terminated_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL of a terminated one: not known, set at the next tidy',
  PRIMARY KEY (`id`),
  UNIQUE KEY `vpses_container` (`node_id`,`living_ctid`),
  UNIQUE KEY `vpses_source` (`source`,`source_id`),
  KEY `vpses_user` (`user_id`,`id`),
  KEY `vpses_stop_pending` (`stop_pending`),
  KEY `vpses_template` (`template_id`),
  CONSTRAINT `vpses_node_fk` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`),
  CONSTRAINT `vpses_template_fk` FOREIGN KEY (`template_id`) REFERENCES `templates` (`id`),
  CONSTRAINT `vpses_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `api_tokens` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20) unsigned NOT NULL,
  `public_token` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `private_hash` varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the private token, never the token: read it by hash_scheme',
  `hash_scheme` varchar(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'sha256' COMMENT 'sha256: 64 lower-case hex digits',
  `label` varchar(190) NOT NULL DEFAULT '',
  `client_access` tinyint(3) unsigned NOT NULL DEFAULT 1,
  `read_only` tinyint(3) unsigned NOT NULL DEFAULT 0,
  `expires_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: never',
  `revoked_at` datetime(3) DEFAULT NULL COMMENT 'UTC; NULL: in force',
  `source` varchar(32) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `source_id` bigint(20) unsigned DEFAULT NULL,
  `created_at` datetime(3) NOT NULL DEFAULT current_timestamp(3),
  `import_revoked_at` datetime(3) DEFAULT NULL COMMENT 'UTC; equal to revoked_at: an import revoked it, and takes it back when the panel has it again',
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_tokens_public` (`public_token`),
  UNIQUE KEY `api_tokens_source` (`source`,`source_id`),
  KEY `api_tokens_user` (`user_id`),
  CONSTRAINT `api_tokens_user_fk` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `api_token_networks` (
  `token_id` bigint(20) unsigned NOT NULL,
  `cidr` varchar(43) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'IPv4 or IPv6, with or without /prefix',
  PRIMARY KEY (`token_id`,`cidr`),
  CONSTRAINT `api_token_networks_token_fk` FOREIGN KEY (`token_id`) REFERENCES `api_tokens` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `api_token_usage` (
  `token_id` bigint(20) unsigned NOT NULL,
  `last_used_at` datetime(3) NOT NULL COMMENT 'UTC',
  `last_used_from` varchar(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`token_id`),
  CONSTRAINT `api_token_usage_token_fk` FOREIGN KEY (`token_id`) REFERENCES `api_tokens` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_anomalies` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `vps_id` bigint(20) unsigned NOT NULL,
  `node_id` bigint(20) unsigned NOT NULL,
  `interface` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `noticed_at` datetime(3) NOT NULL COMMENT 'UTC',
  `kind` enum('jump','lower_counter','unknown_interface') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `old_in` bigint(20) unsigned NOT NULL DEFAULT 0,
  `old_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  `new_in` bigint(20) unsigned NOT NULL,
  `new_out` bigint(20) unsigned NOT NULL,
  PRIMARY KEY (`id`),
  KEY `traffic_anomalies_vps` (`vps_id`,`noticed_at`),
  KEY `traffic_anomalies_noticed` (`noticed_at`),
  CONSTRAINT `traffic_anomalies_vps_fk` FOREIGN KEY (`vps_id`) REFERENCES `vpses` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_daily` (
  `vps_id` bigint(20) unsigned NOT NULL,
  `day` date NOT NULL COMMENT 'UTC',
  `bytes_in` bigint(20) unsigned NOT NULL DEFAULT 0,
  `bytes_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (`vps_id`,`day`),
  CONSTRAINT `traffic_daily_vps_fk` FOREIGN KEY (`vps_id`) REFERENCES `vpses` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_period` (
  `vps_id` bigint(20) unsigned NOT NULL,
  `begins_on` date NOT NULL COMMENT 'UTC',
  `bytes_in` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'since begins_on',
  `bytes_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  `opening_in` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'used in this period before we counted: imported, or corrected',
  `opening_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  `credit_in` bigint(20) unsigned NOT NULL DEFAULT 0,
  `credit_out` bigint(20) unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (`vps_id`),
  CONSTRAINT `traffic_period_vps_fk` FOREIGN KEY (`vps_id`) REFERENCES `vpses` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_periods_ended` (
  `vps_id` bigint(20) unsigned NOT NULL,
  `begins_on` date NOT NULL COMMENT 'UTC',
  `ended_on` date NOT NULL COMMENT 'UTC: the first day of the next one',
  `bytes_in` bigint(20) unsigned NOT NULL,
  `bytes_out` bigint(20) unsigned NOT NULL,
  `opening_in` bigint(20) unsigned NOT NULL,
  `opening_out` bigint(20) unsigned NOT NULL,
  `credit_in` bigint(20) unsigned NOT NULL,
  `credit_out` bigint(20) unsigned NOT NULL,
  PRIMARY KEY (`vps_id`,`begins_on`),
  CONSTRAINT `traffic_periods_ended_vps_fk` FOREIGN KEY (`vps_id`) REFERENCES `vpses` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE `traffic_samples` (
  `vps_id` bigint(20) unsigned NOT NULL,
  `interface` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `node_id` bigint(20) unsigned NOT NULL,
  `boot_id` char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `init_start` bigint(20) unsigned NOT NULL COMMENT 'clock ticks since the node booted',
  `bytes_in` bigint(20) unsigned NOT NULL,
  `bytes_out` bigint(20) unsigned NOT NULL,
  `version` bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'grows by one at each update: optimistic locking',
  `read_at` datetime(3) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (`vps_id`,`interface`),
  KEY `traffic_samples_node` (`node_id`),
  CONSTRAINT `traffic_samples_node_fk` FOREIGN KEY (`node_id`) REFERENCES `nodes` (`id`),
  CONSTRAINT `traffic_samples_vps_fk` FOREIGN KEY (`vps_id`) REFERENCES `vpses` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO schema_migrations (version, name, oldest_worker, applied_at) VALUES
  (0, 'schema_migrations', 0, UTC_TIMESTAMP(3)),
  (1, 'users_and_tokens', 1, UTC_TIMESTAMP(3)),
  (2, 'nodes', 1, UTC_TIMESTAMP(3)),
  (3, 'vpses', 1, UTC_TIMESTAMP(3)),
  (4, 'traffic', 1, UTC_TIMESTAMP(3)),
  (5, 'action_log', 1, UTC_TIMESTAMP(3)),
  (6, 'traffic_collection', 1, UTC_TIMESTAMP(3)),
  (7, 'records', 1, UTC_TIMESTAMP(3)),
  (8, 'imports', 1, UTC_TIMESTAMP(3)),
  (9, 'import_revocations', 1, UTC_TIMESTAMP(3)),
  (10, 'import_terminated', 1, UTC_TIMESTAMP(3));
