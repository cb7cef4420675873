-- Traffic, collected: how a node's last collection went, what was odd about a reading, and the periods that have ended.
-- oldest-worker: 1

-- One row a node. last_done_at is the age of what the API shows of the node's containers.
CREATE TABLE IF NOT EXISTS traffic_collections (
  node_id BIGINT UNSIGNED NOT NULL,
  last_tried_at DATETIME(3) NOT NULL COMMENT 'UTC',
  last_done_at DATETIME(3) NULL COMMENT 'UTC; NULL: never',
  containers BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'that ran, and were booked, when it was last done',
  failure VARCHAR(1000) NOT NULL DEFAULT '' COMMENT 'why the last try failed; empty: it did not',
  PRIMARY KEY (node_id),
  CONSTRAINT traffic_collections_node_fk FOREIGN KEY (node_id) REFERENCES nodes (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS traffic_anomalies (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  vps_id BIGINT UNSIGNED NOT NULL,
  node_id BIGINT UNSIGNED NOT NULL,
  interface VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  noticed_at DATETIME(3) NOT NULL COMMENT 'UTC',
  kind ENUM('jump', 'lower_counter', 'unknown_interface') CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  old_in BIGINT UNSIGNED NOT NULL DEFAULT 0,
  old_out BIGINT UNSIGNED NOT NULL DEFAULT 0,
  new_in BIGINT UNSIGNED NOT NULL,
  new_out BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (id),
  KEY traffic_anomalies_vps (vps_id, noticed_at),
  KEY traffic_anomalies_noticed (noticed_at),
  CONSTRAINT traffic_anomalies_vps_fk FOREIGN KEY (vps_id) REFERENCES vpses (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The periods that have ended, as they stood in traffic_period when the next one began.
CREATE TABLE IF NOT EXISTS traffic_periods_ended (
  vps_id BIGINT UNSIGNED NOT NULL,
  begins_on DATE NOT NULL COMMENT 'UTC',
  ended_on DATE NOT NULL COMMENT 'UTC: the first day of the next one',
  bytes_in BIGINT UNSIGNED NOT NULL,
  bytes_out BIGINT UNSIGNED NOT NULL,
  opening_in BIGINT UNSIGNED NOT NULL,
  opening_out BIGINT UNSIGNED NOT NULL,
  credit_in BIGINT UNSIGNED NOT NULL,
  credit_out BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (vps_id, begins_on),
  CONSTRAINT traffic_periods_ended_vps_fk FOREIGN KEY (vps_id) REFERENCES vpses (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Corrections that take something away. What is used is bytes + opening - credit.
ALTER TABLE traffic_period ADD COLUMN credit_in BIGINT UNSIGNED NOT NULL DEFAULT 0;
ALTER TABLE traffic_period ADD COLUMN credit_out BIGINT UNSIGNED NOT NULL DEFAULT 0;
