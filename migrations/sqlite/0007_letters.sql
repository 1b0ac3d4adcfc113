-- Dialogs: who takes part, what was written, what was read. The dialog itself is a case.

-- Who takes part in a dialog, and how far each has read.
CREATE TABLE readers (
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    participant   TEXT NOT NULL,            -- by the code that the dialog knows
    role          TEXT NOT NULL CHECK (role = 'sender' OR role = 'receiver' OR role = 'controller'),
    read          INTEGER NOT NULL CHECK (read >= 0),        -- number of the last letter read
    read_at       INTEGER CHECK ((read = 0) = (read_at IS NULL)),
    PRIMARY KEY (case_id, participant)
) STRICT, WITHOUT ROWID;
CREATE INDEX readers_participant ON readers (participant, case_id);

-- Letters. Append-only.
CREATE TABLE letters (
    id            INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    number        INTEGER NOT NULL CHECK (number > 0),       -- in its dialog
    author        TEXT NOT NULL,
    text          TEXT NOT NULL,
    attached      TEXT NOT NULL,            -- [{what, kind, number}]
    files         TEXT NOT NULL,            -- [{type, number, version, file_name}]: versions of the case's documents
    posted_at     INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    message       INTEGER NOT NULL REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,
    UNIQUE (case_id, number)
) STRICT;
CREATE INDEX letters_posted ON letters (posted_at);

-- The words that letters are found by: small letters, «ё» as «е».
CREATE TABLE letter_words (
    word          TEXT NOT NULL,
    letter        INTEGER NOT NULL REFERENCES letters (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (word, letter)
) STRICT, WITHOUT ROWID;
