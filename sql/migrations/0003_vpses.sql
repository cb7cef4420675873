-- Templates and virtual servers. What a customer sees of a VPS, and where its container is.
-- oldest-worker: 1

CREATE TABLE IF NOT EXISTS templates (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(190) NOT NULL,
  description VARCHAR(1000) NOT NULL DEFAULT '',
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  source_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY templates_name (name),
  UNIQUE KEY templates_source (source, source_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS vpses (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  node_id BIGINT UNSIGNED NOT NULL,
  template_id BIGINT UNSIGNED NULL,
  virtualization_type SMALLINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1: OpenVZ',
  ctid VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state ENUM('active', 'suspended', 'terminated') CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'active',
  stop_pending TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'suspended or terminated, and not yet seen stopped',
  living_ctid VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin
    AS (CASE WHEN state = 'terminated' THEN NULL ELSE ctid END) STORED,
  hostname VARCHAR(253) NOT NULL,
  guaranteed_ram BIGINT UNSIGNED NOT NULL COMMENT 'MB',
  burstable_ram BIGINT UNSIGNED NULL COMMENT 'MB; NULL: vSwap is used',
  disk_space BIGINT UNSIGNED NOT NULL COMMENT 'MB',
  cpu_count BIGINT UNSIGNED NOT NULL,
  accounting ENUM('split', 'combined') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  traffic_in_limit BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'bytes, split accounting; 0: none',
  traffic_out_limit BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'bytes, split accounting; 0: none',
  traffic_limit BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'bytes, combined accounting; 0: none',
  billing_day TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 to 31, clamped to the month, UTC',
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  source_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY vpses_container (node_id, living_ctid),
  UNIQUE KEY vpses_source (source, source_id),
  KEY vpses_user (user_id, id),
  KEY vpses_stop_pending (stop_pending),
  KEY vpses_template (template_id),
  CONSTRAINT vpses_user_fk FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT vpses_node_fk FOREIGN KEY (node_id) REFERENCES nodes (id),
  CONSTRAINT vpses_template_fk FOREIGN KEY (template_id) REFERENCES templates (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
