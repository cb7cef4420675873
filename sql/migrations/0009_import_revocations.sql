-- Which revocations an import made, so that it can take them back. Until now its record alone tells of one.
-- oldest-worker: 1

ALTER TABLE api_tokens ADD COLUMN import_revoked_at DATETIME(3) NULL COMMENT 'UTC; equal to revoked_at: an import revoked it, and takes it back when the panel has it again';
UPDATE api_tokens SET import_revoked_at = revoked_at WHERE source = 'cvm' AND revoked_at IS NOT NULL AND import_revoked_at IS NULL
  AND EXISTS (SELECT 1 FROM action_log l WHERE l.token_id = api_tokens.id AND l.action = 'token-revoke' AND l.detail = 'not in the CVM panel')
  AND NOT EXISTS (SELECT 1 FROM action_log l WHERE l.token_id = api_tokens.id AND l.action = 'token-revoke' AND l.detail <> 'not in the CVM panel');
