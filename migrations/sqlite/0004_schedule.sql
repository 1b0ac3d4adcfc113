-- The schedule: jobs as far as they have been seen to, and the slots that they ran for. See docs/schedule.md.

CREATE TABLE jobs (
    code          TEXT PRIMARY KEY,
    seen          INTEGER NOT NULL,         -- slots up to this moment are in the table or are none
    paused_at     INTEGER,
    paused_by     TEXT CHECK ((paused_at IS NULL) = (paused_by IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE slots (
    id            INTEGER PRIMARY KEY,
    job           TEXT NOT NULL REFERENCES jobs (code) DEFERRABLE INITIALLY DEFERRED,
    slot          INTEGER NOT NULL,         -- the moment that it stands for
    origin        TEXT NOT NULL,            -- 'schedule', or who asked
    state         TEXT NOT NULL CHECK (state = 'due' OR state = 'running' OR state = 'done' OR state = 'failed' OR state = 'skipped'),
    attempt       INTEGER NOT NULL CHECK (attempt >= 0),
    due_at        INTEGER NOT NULL,         -- when it begins: with jitter, or at the next try
    started_at    INTEGER,
    finished_at   INTEGER CHECK ((state IN ('done', 'failed', 'skipped')) = (finished_at IS NOT NULL)),
    owner         TEXT CHECK ((state = 'running') = (owner IS NOT NULL)),
    lease_until   INTEGER CHECK ((owner IS NULL) = (lease_until IS NULL)),
    result        TEXT,                     -- what the last try did, JSON
    error         TEXT CHECK (state <> 'failed' OR error IS NOT NULL),      -- why the last try failed
    UNIQUE (job, slot),
    CHECK (state <> 'running' OR started_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX slots_running ON slots (job) WHERE state = 'running';     -- a job never overlaps itself
CREATE INDEX slots_due ON slots (job, slot) WHERE state = 'due';
CREATE INDEX slots_finished ON slots (finished_at) WHERE finished_at IS NOT NULL;
