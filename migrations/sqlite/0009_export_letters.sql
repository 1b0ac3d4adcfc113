-- Letters about exports that a mail server has taken: a run that is tried again does not write to the same reader again.
CREATE TABLE export_letters (
    letter        TEXT NOT NULL,            -- its id, made of job, slot, file and reader
    run           INTEGER NOT NULL REFERENCES export_runs (id),
    taken_at      INTEGER NOT NULL,
    PRIMARY KEY (letter, run)
) STRICT, WITHOUT ROWID;
