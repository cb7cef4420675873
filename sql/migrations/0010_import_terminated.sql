-- Whether an import has seen the panel's column Terminated: one that sees it no more would revive what it ended.
-- oldest-worker: 1

ALTER TABLE imports ADD COLUMN terminated_seen BOOL NOT NULL DEFAULT FALSE COMMENT 'the panel has shown its column Terminated';
