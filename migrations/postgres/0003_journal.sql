-- The seals of the journal, see docs/journal.md. What was written once is never changed; triggers refuse it.

-- Each seal chains one committed row of `audit` to all rows sealed before it. No REFERENCES: a removed row must leave its seal.
CREATE TABLE seals (
    seal          BIGINT PRIMARY KEY CHECK (seal > 0),      -- the order of the chain, without gaps
    audit         BIGINT NOT NULL UNIQUE,
    hash          BYTEA NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the canonical form
    sealed_at     BIGINT NOT NULL
);

-- Rows that wait for their seal, written with them. A sealer takes whatever has been committed, so none is passed over:
-- rows of concurrent transactions are sealed in the order in which they become visible, not in that of their numbers.
CREATE TABLE unsealed (
    audit         BIGINT PRIMARY KEY
);

-- The sealer: where the chain ends, and who may go on with it. One row, locked while a piece is sealed.
CREATE TABLE sealer (
    id            BIGINT PRIMARY KEY CHECK (id = 1),
    seal          BIGINT NOT NULL CHECK (seal >= 0),
    hash          BYTEA NOT NULL CHECK (length(hash) = 32),
    owner         TEXT,
    leased_until  BIGINT,
    CHECK ((owner IS NULL) = (leased_until IS NULL))
);
INSERT INTO sealer (id, seal, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER audit_unchanged BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_kept BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_unchanged BEFORE UPDATE OR DELETE ON seals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seals_kept BEFORE TRUNCATE ON seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sealer_forward BEFORE UPDATE ON sealer FOR EACH ROW WHEN (NEW.seal < OLD.seal)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sealer_kept BEFORE DELETE ON sealer FOR EACH ROW EXECUTE FUNCTION refuse_change();
