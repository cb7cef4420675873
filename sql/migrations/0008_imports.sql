-- The imports from other panels' databases: whence, since when, and whether one is over.
-- oldest-worker: 1

CREATE TABLE IF NOT EXISTS imports (
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'what stands in the source of its rows',
  origin VARCHAR(64) NOT NULL COMMENT 'the database that it reads',
  begun_at DATETIME(3) NOT NULL COMMENT 'UTC',
  ended_at DATETIME(3) NULL COMMENT 'UTC; NULL: it goes on, as a sync',
  PRIMARY KEY (source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
