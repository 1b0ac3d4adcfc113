-- Search: by whom, when and where a case is found, and the words of cases and documents.

CREATE INDEX cases_agency ON cases (agency, id);
CREATE INDEX cases_opened ON cases (opened_at);
CREATE INDEX dead_letters_case ON dead_letters (case_number) WHERE case_number IS NOT NULL;
CREATE INDEX parked_number ON parked (number);

-- The words of cases and documents; case of letters and «ё» do not matter. Kept by the data base itself, with the row.
ALTER TABLE cases ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(coalesce(title, '') || ' ' || coalesce(object, '') || ' ' || number, 'ёЁ', 'еЕ'))
    || jsonb_to_tsvector('simple', translate(details, 'ёЁ', 'еЕ')::jsonb, '["string"]')
) STORED;
CREATE INDEX cases_words ON cases USING gin (words);
ALTER TABLE documents ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple',
        translate(coalesce(title, '') || ' ' || coalesce(issuer, '') || ' ' || type || ' ' || number, 'ёЁ', 'еЕ'))
) STORED;
CREATE INDEX documents_words ON documents USING gin (words);
ALTER TABLE document_versions ADD COLUMN words tsvector GENERATED ALWAYS AS (
    to_tsvector('simple', translate(file_name, 'ёЁ._', 'еЕ  '))
) STORED;
CREATE INDEX document_versions_words ON document_versions USING gin (words);
