-- The database, and the operator's right to make and fill its tables. Run as the server's administrator, when the
-- accounts have been made (CREATE USER); it can be run again:
--     mariadb < database.sql
-- It must hold nothing else: `cvmctl schema migrate` refuses a database with tables that it did not make.

CREATE DATABASE IF NOT EXISTS cvm_api CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The operator (cvmctl): this database, all of it, and no other.
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON cvm_api.* TO 'cvm_operator'@'localhost';
