-- The seals of the journal, see docs/journal.md. What was written once is never changed; triggers refuse it.

-- Each seal chains one committed row of `audit` to all rows sealed before it. No REFERENCES: a removed row must leave its seal.
CREATE TABLE seals (
    seal          INTEGER PRIMARY KEY CHECK (seal > 0),     -- the order of the chain, without gaps
    audit         INTEGER NOT NULL UNIQUE,
    hash          BLOB NOT NULL CHECK (length(hash) = 32),  -- SHA-256 of the canonical form
    sealed_at     INTEGER NOT NULL
) STRICT;

-- Rows that wait for their seal, written with them. A sealer takes whatever has been committed, so none is passed over.
CREATE TABLE unsealed (
    audit         INTEGER PRIMARY KEY
) STRICT;

-- The sealer: where the chain ends, and who may go on with it. One row.
CREATE TABLE sealer (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    seal          INTEGER NOT NULL CHECK (seal >= 0),
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    owner         TEXT,
    leased_until  INTEGER,
    CHECK ((owner IS NULL) = (leased_until IS NULL))
) STRICT;
INSERT INTO sealer (id, seal, hash) VALUES (1, 0, zeroblob(32));

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER audit_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER seals_unchanged BEFORE UPDATE ON seals BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TRIGGER seals_kept BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TRIGGER seals_not_replaced BEFORE INSERT ON seals
WHEN EXISTS (SELECT 1 FROM seals WHERE seal = NEW.seal OR audit = NEW.audit)
BEGIN SELECT RAISE(ABORT, 'seals are append-only'); END;
CREATE TRIGGER sealer_forward BEFORE UPDATE ON sealer WHEN NEW.seal < OLD.seal
BEGIN SELECT RAISE(ABORT, 'the chain only grows'); END;
CREATE TRIGGER sealer_kept BEFORE DELETE ON sealer BEGIN SELECT RAISE(ABORT, 'the chain has one end'); END;
