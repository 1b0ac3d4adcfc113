-- One-time codes that statuses wait for: only hashes, the code itself stands in its notice. One row a case: the last that was sent.
CREATE TABLE codes (
    case_id       BIGINT PRIMARY KEY REFERENCES cases (id),
    turn          BIGINT NOT NULL CHECK (turn >= 0),        -- the entry of the status that sent it
    salt          BYTEA NOT NULL CHECK (length(salt) = 16),
    hash          BYTEA NOT NULL CHECK (length(hash) = 32),   -- SHA-256 of salt and code
    sent_at       BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    failures      BIGINT NOT NULL CHECK (failures >= 0),    -- wrong codes since the entry
    used_at       BIGINT
);
