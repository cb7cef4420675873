-- Traffic: the counters as last read, what they add up to a day, and the running total that the API shows.
-- oldest-worker: 1

-- The last reading of a container's interface. An epoch is one life of the container: its node's boot and its init's start.
CREATE TABLE IF NOT EXISTS traffic_samples (
  vps_id BIGINT UNSIGNED NOT NULL,
  interface VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  node_id BIGINT UNSIGNED NOT NULL,
  boot_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  init_start BIGINT UNSIGNED NOT NULL COMMENT 'clock ticks since the node booted',
  bytes_in BIGINT UNSIGNED NOT NULL,
  bytes_out BIGINT UNSIGNED NOT NULL,
  version BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'grows by one at each update: optimistic locking',
  read_at DATETIME(3) NOT NULL COMMENT 'UTC',
  PRIMARY KEY (vps_id, interface),
  KEY traffic_samples_node (node_id),
  CONSTRAINT traffic_samples_vps_fk FOREIGN KEY (vps_id) REFERENCES vpses (id) ON DELETE CASCADE,
  CONSTRAINT traffic_samples_node_fk FOREIGN KEY (node_id) REFERENCES nodes (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS traffic_daily (
  vps_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL COMMENT 'UTC',
  bytes_in BIGINT UNSIGNED NOT NULL DEFAULT 0,
  bytes_out BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (vps_id, day),
  CONSTRAINT traffic_daily_vps_fk FOREIGN KEY (vps_id) REFERENCES vpses (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One row a VPS: the total of the running billing period, kept beside the daily rows that prove it.
CREATE TABLE IF NOT EXISTS traffic_period (
  vps_id BIGINT UNSIGNED NOT NULL,
  begins_on DATE NOT NULL COMMENT 'UTC',
  bytes_in BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'since begins_on',
  bytes_out BIGINT UNSIGNED NOT NULL DEFAULT 0,
  opening_in BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'used in this period before we counted: imported, or corrected',
  opening_out BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (vps_id),
  CONSTRAINT traffic_period_vps_fk FOREIGN KEY (vps_id) REFERENCES vpses (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
