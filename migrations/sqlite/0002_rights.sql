-- One-time codes that statuses wait for: only hashes, the code itself stands in its notice. One row a case: the last that was sent.
CREATE TABLE codes (
    case_id       INTEGER PRIMARY KEY REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    turn          INTEGER NOT NULL CHECK (turn >= 0),        -- the entry of the status that sent it
    salt          BLOB NOT NULL CHECK (length(salt) = 16),
    hash          BLOB NOT NULL CHECK (length(hash) = 32),   -- SHA-256 of salt and code
    sent_at       INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    failures      INTEGER NOT NULL CHECK (failures >= 0),    -- wrong codes since the entry
    used_at       INTEGER
) STRICT;
