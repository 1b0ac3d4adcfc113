-- Search: by whom, when and where a case is found, and the words of cases and documents.

CREATE INDEX cases_agency ON cases (agency, id);
CREATE INDEX cases_opened ON cases (opened_at);
CREATE INDEX dead_letters_case ON dead_letters (case_number) WHERE case_number IS NOT NULL;
CREATE INDEX parked_number ON parked (number);

-- The words of cases and documents; case of letters and «ё» do not matter. The texts themselves are not kept twice.
CREATE VIRTUAL TABLE case_text USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE document_text USING fts5 (words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0');

-- What is new or has other words is taken in behind the writing, piece by piece, and before each search for words: rows beyond
-- the last one taken, and those that were taken already and changed since.
CREATE TABLE text_taken (
    source        TEXT PRIMARY KEY CHECK (source IN ('cases', 'documents')),
    last          INTEGER NOT NULL                          -- id
) STRICT, WITHOUT ROWID;
INSERT INTO text_taken (source, last) VALUES ('cases', 0), ('documents', 0);
CREATE TABLE case_text_stale (case_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE document_text_stale (document_id INTEGER PRIMARY KEY) STRICT;
-- (What a statement that fires a trigger says of conflicts overrules what stands here: hence the look.)
CREATE TRIGGER cases_text_changed AFTER UPDATE OF title, object, details ON cases
WHEN NEW.id <= (SELECT last FROM text_taken WHERE source = 'cases') BEGIN
    INSERT INTO case_text_stale SELECT NEW.id WHERE NOT EXISTS (SELECT 1 FROM case_text_stale WHERE case_id = NEW.id);
END;
CREATE TRIGGER documents_text_changed AFTER UPDATE OF versions ON documents
WHEN NEW.versions <> OLD.versions AND NEW.id <= (SELECT last FROM text_taken WHERE source = 'documents') BEGIN
    INSERT INTO document_text_stale SELECT NEW.id
    WHERE NOT EXISTS (SELECT 1 FROM document_text_stale WHERE document_id = NEW.id);
END;
