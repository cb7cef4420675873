-- Customers, and the token pairs by which their scripts are known.
-- oldest-worker: 1

CREATE TABLE IF NOT EXISTS users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(190) NOT NULL,
  email VARCHAR(254) NULL,
  disabled TINYINT UNSIGNED NOT NULL DEFAULT 0,
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'where an imported row came from; NULL: made here',
  source_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY users_name (name),
  UNIQUE KEY users_source (source, source_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS api_tokens (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  public_token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  private_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'of the private token, never the token: read it by hash_scheme',
  hash_scheme VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'sha256' COMMENT 'sha256: 64 lower-case hex digits',
  label VARCHAR(190) NOT NULL DEFAULT '',
  client_access TINYINT UNSIGNED NOT NULL DEFAULT 1,
  read_only TINYINT UNSIGNED NOT NULL DEFAULT 0,
  expires_at DATETIME(3) NULL COMMENT 'UTC; NULL: never',
  revoked_at DATETIME(3) NULL COMMENT 'UTC; NULL: in force',
  source VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  source_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY api_tokens_public (public_token),
  UNIQUE KEY api_tokens_source (source, source_id),
  KEY api_tokens_user (user_id),
  CONSTRAINT api_tokens_user_fk FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A pair with rows here is good from these networks only.
CREATE TABLE IF NOT EXISTS api_token_networks (
  token_id BIGINT UNSIGNED NOT NULL,
  cidr VARCHAR(43) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'IPv4 or IPv6, with or without /prefix',
  PRIMARY KEY (token_id, cidr),
  CONSTRAINT api_token_networks_token_fk FOREIGN KEY (token_id) REFERENCES api_tokens (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Apart from api_tokens, so that noting a use never waits on a revocation, nor the other way round.
CREATE TABLE IF NOT EXISTS api_token_usage (
  token_id BIGINT UNSIGNED NOT NULL,
  last_used_at DATETIME(3) NOT NULL COMMENT 'UTC',
  last_used_from VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (token_id),
  CONSTRAINT api_token_usage_token_fk FOREIGN KEY (token_id) REFERENCES api_tokens (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
