-- The hosts that containers run on, and the host keys by which we know them.
-- oldest-worker: 1

CREATE TABLE IF NOT EXISTS nodes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(190) NOT NULL,
  host VARCHAR(253) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  port SMALLINT UNSIGNED NOT NULL DEFAULT 22,
  ssh_user VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'root',
  key_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'id_ed25519' COMMENT 'a file in the key directory of the settings',
  location VARCHAR(190) NOT NULL DEFAULT '',
  retired_at DATETIME(3) NULL COMMENT 'UTC; NULL: in service',
  name_in_service VARCHAR(190) AS (CASE WHEN retired_at IS NULL THEN name ELSE NULL END) STORED,
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  source_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY nodes_name (name_in_service),
  UNIQUE KEY nodes_source (source, source_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS node_host_keys (
  node_id BIGINT UNSIGNED NOT NULL,
  key_type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint CHAR(50) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA256:..., as ssh-keygen prints it',
  public_key VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the whole key, Base64',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (node_id, fingerprint),
  CONSTRAINT node_host_keys_node_fk FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
