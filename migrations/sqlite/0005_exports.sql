-- Exports: their runs, and how far each job that gives changes only has come.
-- Moments are INTEGER milliseconds since 1970-01-01T00:00:00Z. JSON is TEXT. States are held by CHECK, see docs/store.md.

-- One row a try. A run that has made its file (`manifest`) delivers that file, however often delivering is tried.
CREATE TABLE export_runs (
    id            INTEGER PRIMARY KEY,
    job           TEXT NOT NULL,
    slot          INTEGER NOT NULL,         -- the moment that the run stands for
    attempt       INTEGER NOT NULL CHECK (attempt > 0),
    actor         TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state = 'running' OR state = 'done' OR state = 'failed'),
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER CHECK ((state = 'running') = (finished_at IS NULL)),
    rows          INTEGER CHECK (rows >= 0),
    bytes         INTEGER CHECK (bytes >= 0),
    sha256        TEXT CHECK (length(sha256) = 64),
    manifest      TEXT CHECK (manifest IS NULL OR rows IS NOT NULL),  -- NULL: no file has been made
    error         TEXT CHECK ((state = 'failed') = (error IS NOT NULL)),
    UNIQUE (job, slot, attempt)
) STRICT;
CREATE INDEX export_runs_content ON export_runs (sha256) WHERE sha256 IS NOT NULL;

-- How far a job has come in the changes of its table. NULL: it has given nothing yet, its first run gives everything.
CREATE TABLE export_watermarks (
    job           TEXT PRIMARY KEY,
    source        TEXT NOT NULL,            -- the table
    position      INTEGER                   -- the last change given
) STRICT, WITHOUT ROWID;
CREATE INDEX export_watermarks_source ON export_watermarks (source, position);

-- Which rows were written, in the order of the commits: one writer at a time counts on, so that no lower number can appear after a
-- higher one was seen. Noted only while some job wants the changes of the table.
CREATE TABLE export_changes (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    source        TEXT NOT NULL,
    row           INTEGER NOT NULL
) STRICT;
CREATE INDEX export_changes_row ON export_changes (source, row, seq);

CREATE TRIGGER export_cases_new AFTER INSERT ON cases WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'cases')
BEGIN INSERT INTO export_changes (source, row) VALUES ('cases', NEW.id); END;
CREATE TRIGGER export_cases_changed AFTER UPDATE ON cases WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'cases')
BEGIN INSERT INTO export_changes (source, row) VALUES ('cases', NEW.id); END;
CREATE TRIGGER export_history_new AFTER INSERT ON history WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'history')
BEGIN INSERT INTO export_changes (source, row) VALUES ('history', NEW.id); END;
CREATE TRIGGER export_documents_new AFTER INSERT ON documents WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'documents')
BEGIN INSERT INTO export_changes (source, row) VALUES ('documents', NEW.id); END;
CREATE TRIGGER export_documents_changed AFTER UPDATE ON documents WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'documents')
BEGIN INSERT INTO export_changes (source, row) VALUES ('documents', NEW.id); END;
CREATE TRIGGER export_document_requests_new AFTER INSERT ON document_requests WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'document_requests')
BEGIN INSERT INTO export_changes (source, row) VALUES ('document_requests', NEW.id); END;
CREATE TRIGGER export_document_requests_changed AFTER UPDATE ON document_requests WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'document_requests')
BEGIN INSERT INTO export_changes (source, row) VALUES ('document_requests', NEW.id); END;
CREATE TRIGGER export_inbox_new AFTER INSERT ON inbox WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'inbox')
BEGIN INSERT INTO export_changes (source, row) VALUES ('inbox', NEW.seq); END;
CREATE TRIGGER export_inbox_changed AFTER UPDATE OF sender, message_id, system, kind, version, outcome, code, items, settled_at, repeats, repeated_at ON inbox WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'inbox')
BEGIN INSERT INTO export_changes (source, row) VALUES ('inbox', NEW.seq); END;
CREATE TRIGGER export_dead_letters_new AFTER INSERT ON dead_letters WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'dead_letters')
BEGIN INSERT INTO export_changes (source, row) VALUES ('dead_letters', NEW.id); END;
CREATE TRIGGER export_dead_letters_changed AFTER UPDATE ON dead_letters WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'dead_letters')
BEGIN INSERT INTO export_changes (source, row) VALUES ('dead_letters', NEW.id); END;
CREATE TRIGGER export_audit_new AFTER INSERT ON audit WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'audit')
BEGIN INSERT INTO export_changes (source, row) VALUES ('audit', NEW.id); END;
