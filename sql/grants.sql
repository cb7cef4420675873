-- What each account may do in the database that is chosen when this is run, and no more. No passwords here: the accounts are made by hand
-- before (CREATE USER), the tables by `cvmctl schema migrate`; then, as the server's administrator:
--     mariadb cvm_api < grants.sql
-- It can be run again at any time. Programs on another host than the database's: put that host in place of 'localhost'.

-- The worker: reads what a request needs, writes records of what happened, traffic among them. It cannot change a token, a
-- user or a node, and of a VPS nothing but whether a stop is still due.
GRANT SELECT ON schema_migrations TO 'cvm_worker'@'localhost';
GRANT SELECT ON users TO 'cvm_worker'@'localhost';
GRANT SELECT ON api_tokens TO 'cvm_worker'@'localhost';
GRANT SELECT ON api_token_networks TO 'cvm_worker'@'localhost';
GRANT SELECT ON nodes TO 'cvm_worker'@'localhost';
GRANT SELECT ON node_host_keys TO 'cvm_worker'@'localhost';
GRANT SELECT ON templates TO 'cvm_worker'@'localhost';
GRANT SELECT, UPDATE (stop_pending) ON vpses TO 'cvm_worker'@'localhost';
-- What a container has sent and received is booked before it is stopped.
GRANT SELECT, INSERT, UPDATE ON traffic_samples TO 'cvm_worker'@'localhost';
GRANT SELECT, INSERT, UPDATE ON traffic_daily TO 'cvm_worker'@'localhost';
GRANT SELECT, INSERT, UPDATE ON traffic_period TO 'cvm_worker'@'localhost';
GRANT SELECT, INSERT ON traffic_anomalies TO 'cvm_worker'@'localhost';
GRANT SELECT ON traffic_collections TO 'cvm_worker'@'localhost';
GRANT SELECT, INSERT, UPDATE ON action_log TO 'cvm_worker'@'localhost';
GRANT SELECT, INSERT, UPDATE ON api_token_usage TO 'cvm_worker'@'localhost';

-- A panel: issues and revokes token pairs, and nothing else. It never sees a hash.
GRANT SELECT (id, name, disabled) ON users TO 'cvm_panel'@'localhost';
GRANT SELECT (id, user_id, public_token, label, client_access, read_only, expires_at, revoked_at, created_at),
  INSERT (user_id, public_token, private_hash, hash_scheme, label, client_access, read_only, expires_at),
  UPDATE (revoked_at)
  ON api_tokens TO 'cvm_panel'@'localhost';
