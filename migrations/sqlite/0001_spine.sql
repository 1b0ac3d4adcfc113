-- The spine: what came in, what it did, what failed, what is owed.
-- Moments are INTEGER milliseconds since 1970-01-01T00:00:00Z. JSON is TEXT. States are held by CHECK, see docs/store.md; word by word,
-- for a list of three or more would be built anew for each row.
-- References are looked at when a transaction commits: looked at by each statement, they would make SQLite keep a journal of each
-- statement that writes many rows.

-- The raw bytes of a batch, one zstd block; a message is found by offset and length in the unpacked block.
CREATE TABLE batches (
    id            INTEGER PRIMARY KEY,
    received_at   INTEGER NOT NULL,
    messages      INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    block         BLOB                      -- NULL once retention has removed the raw bytes
) STRICT;
CREATE INDEX batches_received ON batches (received_at) WHERE block IS NOT NULL;

-- One row per message id that reached us: its one outcome, its repeats beside it.
CREATE TABLE inbox (
    seq           INTEGER PRIMARY KEY,      -- order of arrival
    sender        TEXT NOT NULL,            -- agency; '?user' where the sender could not be verified
    message_id    TEXT NOT NULL,            -- 'sha256:…' where no id could be read
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    system        TEXT,
    kind          TEXT,
    version       TEXT,                     -- of the body's schema family
    rules         TEXT,                     -- version of the compiled rules that judged it
    outcome       TEXT NOT NULL CHECK (outcome = 'parked' OR outcome = 'applied' OR outcome = 'failed'),
    code          TEXT CHECK ((outcome = 'failed') = (code IS NOT NULL)),
    test          INTEGER NOT NULL CHECK (test IN (0, 1)),
    source        TEXT NOT NULL,            -- 'queue:NAME' or 'file:PATH'
    batch         INTEGER REFERENCES batches (id) DEFERRABLE INITIALLY DEFERRED,
    raw_offset    INTEGER,                  -- NULL: a long body, in the content store under its hash; -1: retention has let go of that
    raw_length    INTEGER NOT NULL,
    properties    TEXT NOT NULL,            -- AMQP properties as received
    notes         TEXT,                     -- what was noticed, e.g. a property that contradicts the envelope
    items         TEXT NOT NULL,            -- [{number, case, result, code, text}]
    reply         TEXT,                     -- where the receipt goes; NULL: no address, recorded in notes
    received_at   INTEGER NOT NULL,
    settled_at    INTEGER CHECK ((outcome = 'parked') = (settled_at IS NULL)),
    repeats       INTEGER NOT NULL DEFAULT 0,
    repeated_at   INTEGER,
    UNIQUE (message_id, sender),
    CHECK (raw_offset IS NULL OR raw_offset = -1 OR batch IS NOT NULL)
) STRICT;
CREATE INDEX inbox_content ON inbox (hash) WHERE raw_offset IS NULL;
CREATE INDEX inbox_outcome ON inbox (outcome, received_at);

-- Anything that has a number and a lifecycle in a system: an application, an appeal, an organization, a power of attorney.
CREATE TABLE cases (
    id            INTEGER PRIMARY KEY,
    system        TEXT NOT NULL,
    kind          TEXT NOT NULL,            -- which lifecycle of the system's file
    number        TEXT NOT NULL,
    service       TEXT,
    object        TEXT,
    purpose       TEXT,                     -- among those that the kind knows
    title         TEXT,                     -- short, for people and for search
    parent_kind   TEXT,                     -- the case of the same system that it belongs or refers to
    parent_number TEXT,
    applicant     BLOB CHECK (length(applicant) = 32),      -- SHA-256 of the applicant's identifiers, for lookup
    open          INTEGER NOT NULL CHECK (open IN (0, 1)),   -- counts as an open application (rule 4)
    status        TEXT NOT NULL,
    turn          INTEGER NOT NULL CHECK (turn >= 0),        -- moves so far
    since         INTEGER NOT NULL,         -- moment the current status happened
    origin        TEXT NOT NULL,            -- the agency that opened it
    root          TEXT,                     -- id of the message that opened it: the root of the chain that answers refer to
    agency        TEXT NOT NULL,
    officer       TEXT,
    unit          TEXT,                     -- the responsible unit, where one was chosen
    deadline      INTEGER,
    expected_on   TEXT,
    valid_from    INTEGER,
    valid_until   INTEGER,
    amount        INTEGER CHECK (amount >= 0),              -- kopecks
    email         TEXT,
    phone         TEXT,
    details       TEXT NOT NULL,            -- the fields that the kind declares, JSON
    version       INTEGER NOT NULL CHECK (version > 0),      -- of details
    opened_at     INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    UNIQUE (number, kind, system),           -- also how a case is found by its number
    CHECK ((parent_kind IS NULL) = (parent_number IS NULL)),
    CHECK (valid_until IS NULL OR valid_from IS NULL OR valid_from <= valid_until)
) STRICT;
CREATE INDEX cases_duplicates ON cases (substr(applicant, 1, 8), coalesce(object, '')) WHERE open = 1 AND applicant IS NOT NULL;
CREATE INDEX cases_status ON cases (system, kind, status, id);
CREATE INDEX cases_parent ON cases (system, parent_kind, parent_number) WHERE parent_number IS NOT NULL;
CREATE INDEX cases_deadline ON cases (deadline) WHERE open = 1 AND deadline IS NOT NULL;

-- How many open cases each unit has: kept beside the cases, for routing asks with every application.
CREATE TABLE unit_loads (
    unit          TEXT PRIMARY KEY,
    open          INTEGER NOT NULL CHECK (open >= 0)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER cases_load_new AFTER INSERT ON cases WHEN NEW.open = 1 AND NEW.unit IS NOT NULL BEGIN
    INSERT INTO unit_loads SELECT NEW.unit, 0 WHERE NOT EXISTS (SELECT 1 FROM unit_loads WHERE unit = NEW.unit);
    UPDATE unit_loads SET open = open + 1 WHERE unit = NEW.unit;
END;
CREATE TRIGGER cases_load_changed AFTER UPDATE OF open, unit ON cases WHEN OLD.open <> NEW.open OR OLD.unit IS NOT NEW.unit BEGIN
    UPDATE unit_loads SET open = open - 1 WHERE OLD.open = 1 AND unit = OLD.unit;
    INSERT INTO unit_loads SELECT NEW.unit, 0
    WHERE NEW.unit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unit_loads WHERE unit = NEW.unit);
    UPDATE unit_loads SET open = open + 1 WHERE NEW.open = 1 AND unit = NEW.unit;
END;

-- By whom a case is found: identifiers as hashes, shown masked. Also what rights are read by. Identifiers come in no order, so each new
-- one falls on a page of the index of its own: a part of the hash keeps those few; the whole hash is compared then.
CREATE TABLE parties (
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    role          TEXT NOT NULL,
    place         INTEGER NOT NULL CHECK (place > 0),          -- in the role
    identifier    TEXT NOT NULL CHECK (identifier = 'snils' OR identifier = 'inn' OR identifier = 'ogrn' OR identifier = 'ogrnip'),
    hash          BLOB NOT NULL CHECK (length(hash) = 32),
    shown         TEXT NOT NULL,
    PRIMARY KEY (case_id, role, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX parties_hash ON parties (substr(hash, 1, 8), role);

-- Former details of a case, written when a correction replaces them. Append-only.
CREATE TABLE case_versions (
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    version       INTEGER NOT NULL CHECK (version > 0),
    details       TEXT NOT NULL,
    replaced_at   INTEGER NOT NULL,
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (case_id, version)
) STRICT, WITHOUT ROWID;

-- Timers of cases: started and voided by their steps, in the same transaction.
CREATE TABLE timers (
    id            INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    code          TEXT NOT NULL,            -- status/timer, the code of a timer of the whole life, document/timer, request/due
    scope         TEXT NOT NULL CHECK (scope = 'turn' OR scope = 'life' OR scope = 'document'
                                       OR scope = 'request'),     -- what it is bound to
    turn          INTEGER CHECK ((scope = 'turn') = (turn IS NOT NULL)),                       -- the entry that started it
    document      TEXT CHECK ((scope = 'document') = (document IS NOT NULL)),                   -- [type, number]
    started_at    INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'fired' OR state = 'void' OR state = 'stuck'),
    settled_at    INTEGER CHECK ((state IN ('fired', 'void')) = (settled_at IS NOT NULL)),
    result        TEXT,                     -- what firing did, or why it is stuck
    CHECK (state <> 'stuck' OR result IS NOT NULL)
) STRICT;
CREATE INDEX timers_due ON timers (due_at, id) WHERE state = 'pending';
CREATE UNIQUE INDEX timers_pending ON timers (case_id, code, coalesce(document, '')) WHERE state IN ('pending', 'stuck');
CREATE INDEX timers_case ON timers (case_id, turn, due_at);
CREATE INDEX timers_stuck ON timers (id) WHERE state = 'stuck';

-- The last number that a kind gave to a case of a year.
CREATE TABLE counters (
    system        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    year          INTEGER NOT NULL,
    last          INTEGER NOT NULL CHECK (last > 0),
    PRIMARY KEY (system, kind, year)
) STRICT, WITHOUT ROWID;

-- Append-only: every accepted change of a case.
CREATE TABLE history (
    id            INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    entry         TEXT NOT NULL CHECK (entry = 'opened' OR entry = 'moved' OR entry = 'comment' OR entry = 'late' OR entry = 'documents'
                                       OR entry = 'acted' OR entry = 'corrected' OR entry = 'timed'),
    turn          INTEGER NOT NULL,         -- moves of the case so far
    from_status   TEXT,
    to_status     TEXT NOT NULL,
    happened_at   INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    agency        TEXT NOT NULL,
    officer       TEXT,
    comment       TEXT,
    details       TEXT,                     -- reasons, missing, deadline, expected date, amount, result
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    timer         INTEGER REFERENCES timers (id) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,         -- of the message; 0: a timer's
    step          INTEGER NOT NULL,         -- order within the item: one may move several cases
    UNIQUE (message, item, step),
    CHECK ((message IS NULL) <> (timer IS NULL))
) STRICT;
CREATE INDEX history_case ON history (case_id, id);
CREATE UNIQUE INDEX history_timer ON history (timer, step) WHERE timer IS NOT NULL;
CREATE UNIQUE INDEX history_turn ON history (case_id, turn) WHERE entry IN ('opened', 'moved');

-- The last used sequence number of a sender for a case.
CREATE TABLE sequences (
    sender        TEXT NOT NULL,
    system        TEXT NOT NULL,
    kind          TEXT NOT NULL,            -- of the case
    number        TEXT NOT NULL,
    last          INTEGER NOT NULL CHECK (last > 0),
    PRIMARY KEY (system, kind, number, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
    id            INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    type          TEXT NOT NULL,
    number        TEXT NOT NULL,            -- '' where the type has none
    series        TEXT,
    title         TEXT,
    issuer        TEXT,
    issued_on     TEXT,
    valid_until   TEXT,
    state         TEXT NOT NULL CHECK (state = 'uploaded' OR state = 'on_check' OR state = 'approved' OR state = 'rejected'
                                       OR state = 'expired'),
    reason        TEXT,
    signed        TEXT,                     -- the mark «Подписано»: kind, moment, certificate, owner
    versions      INTEGER NOT NULL CHECK (versions > 0),
    changed_at    INTEGER NOT NULL,
    UNIQUE (case_id, type, number)
) STRICT;

-- Append-only. The content lies outside the tables, addressed by its SHA-256.
CREATE TABLE document_versions (
    document_id   INTEGER NOT NULL REFERENCES documents (id) DEFERRABLE INITIALLY DEFERRED,
    version       INTEGER NOT NULL CHECK (version > 0),
    file_name     TEXT NOT NULL,
    media_type    TEXT NOT NULL,
    size          INTEGER NOT NULL,
    sha256        TEXT NOT NULL CHECK (length(sha256) = 64),
    locked        INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),     -- takes a password to read it
    uploader      TEXT NOT NULL,
    uploaded_at   INTEGER NOT NULL,
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (document_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_versions_content ON document_versions (sha256);

CREATE TABLE document_requests (
    id            INTEGER PRIMARY KEY,
    case_id       INTEGER NOT NULL REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,
    wanted        TEXT NOT NULL,            -- [{type, text, delivered}]
    due           INTEGER,
    state         TEXT NOT NULL CHECK (state = 'open' OR state = 'closed' OR state = 'lapsed'),
    agency        TEXT NOT NULL,
    opened_at     INTEGER NOT NULL,
    closed_at     INTEGER CHECK ((state = 'open') = (closed_at IS NULL)),
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX document_requests_case ON document_requests (case_id) WHERE state = 'open';

-- Items that wait: for their case, or for the numbers before theirs.
CREATE TABLE parked (
    id            INTEGER PRIMARY KEY,
    message       INTEGER NOT NULL REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,
    reason        TEXT NOT NULL CHECK (reason = 'unknown-case' OR reason = 'sequence-gap' OR reason = 'in-order'),
    sender        TEXT NOT NULL,
    system        TEXT NOT NULL,
    case_kind     TEXT NOT NULL,
    number        TEXT NOT NULL,            -- of the case
    sequence      INTEGER,
    attempts      INTEGER NOT NULL,
    parked_at     INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    give_up_at    INTEGER NOT NULL,
    UNIQUE (message, item)
) STRICT;
CREATE INDEX parked_due ON parked (due_at, id);
CREATE INDEX parked_case ON parked (system, case_kind, number);

-- Every later try of an item: parked work and operators' replays. The first try is the inbox row.
CREATE TABLE attempts (
    id            INTEGER PRIMARY KEY,
    message       INTEGER NOT NULL REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,         -- 0: the whole message
    attempt       INTEGER NOT NULL CHECK (attempt > 1),
    origin        TEXT NOT NULL CHECK (origin IN ('parked', 'replay')),
    actor         TEXT NOT NULL,
    dead_letter   INTEGER,
    at            INTEGER NOT NULL,
    result        TEXT NOT NULL CHECK (result = 'applied' OR result = 'failed' OR result = 'parked'),
    code          TEXT,
    UNIQUE (message, item, attempt)
) STRICT;

-- Failed and visible: the whole message, with why.
CREATE TABLE dead_letters (
    id            INTEGER PRIMARY KEY,
    message       INTEGER NOT NULL REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,         -- 0: the whole message
    state         TEXT NOT NULL CHECK (state = 'open' OR state = 'replayed' OR state = 'discarded'),
    code          TEXT NOT NULL,
    reason        TEXT NOT NULL,            -- Russian text for people
    violations    TEXT NOT NULL,            -- [{code, constraint, line, column, path, text, …}]
    sender        TEXT NOT NULL,
    message_id    TEXT NOT NULL,
    system        TEXT,
    kind          TEXT,
    case_number   TEXT,
    source        TEXT NOT NULL,
    properties    TEXT NOT NULL,
    size          INTEGER NOT NULL,         -- of the body, bytes
    body          BLOB,                     -- zstd; NULL where content says
    content       TEXT,                     -- SHA-256 of a large body in the content store
    died_at       INTEGER NOT NULL,
    attempts      INTEGER NOT NULL CHECK (attempts > 0),
    closed_at     INTEGER CHECK ((state = 'open') = (closed_at IS NULL)),
    closed_by     TEXT,
    note          TEXT,
    CHECK ((body IS NULL) <> (content IS NULL))
) STRICT;
CREATE INDEX dead_letters_state ON dead_letters (state, id);
CREATE INDEX dead_letters_content ON dead_letters (content) WHERE content IS NOT NULL;
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (message, item) WHERE state = 'open';

-- What people are to be told of, written with the change that it tells of; planned as notifications, put into words when it is sent.
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    timer         INTEGER REFERENCES timers (id) DEFERRABLE INITIALLY DEFERRED,
    item          INTEGER NOT NULL,         -- of the message; 0: a timer's
    system        TEXT NOT NULL,
    case_number   TEXT NOT NULL,
    code          TEXT NOT NULL,            -- of the event in the lifecycle
    data          TEXT NOT NULL,            -- everything that its notices say, JSON
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'told' OR state = 'stuck'),
    error         TEXT CHECK ((state = 'stuck') = (error IS NOT NULL)),
    created_at    INTEGER NOT NULL,
    CHECK ((message IS NULL) <> (timer IS NULL))
) STRICT;
CREATE INDEX events_pending ON events (id) WHERE state = 'pending';
CREATE INDEX events_stuck ON events (id) WHERE state = 'stuck';

-- What is owed to others, written with the change that caused it, relayed afterwards.
CREATE TABLE outbox (
    id            INTEGER PRIMARY KEY,
    what          TEXT NOT NULL CHECK (what = 'receipt' OR what = 'document' OR what = 'export'),
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,
    case_number   TEXT,
    kind          TEXT NOT NULL CHECK (kind IN ('queue', 'file')),
    address       TEXT NOT NULL,            -- queue name, or file path
    order_key     TEXT,                     -- rows of one key leave in order; NULL: on its own
    message_id    TEXT NOT NULL,
    correlation   TEXT NOT NULL,            -- the chain that it belongs to: its cause's, or the message that began it
    system        TEXT,                     -- that it is about: its queue takes answers
    type          TEXT NOT NULL,
    traceparent   TEXT,
    body          TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'sent' OR state = 'stuck'),
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    error         TEXT,
    created_at    INTEGER NOT NULL,
    sent_at       INTEGER CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'pending';
CREATE INDEX outbox_unsent ON outbox (order_key, id) WHERE state <> 'sent' AND order_key IS NOT NULL;
CREATE INDEX outbox_stuck ON outbox (id) WHERE state = 'stuck';
CREATE INDEX outbox_receipt ON outbox (message) WHERE what = 'receipt';
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE state = 'sent';

-- The journal: what persons and jobs did, one row an act, written in the transaction of the act. Append-only; sealed into a
-- hash chain by one sealer (0003_journal.sql). A number is never given twice.
CREATE TABLE audit (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    action        TEXT NOT NULL,
    subject       TEXT NOT NULL,            -- WHAT:NUMBER
    before        TEXT,                     -- JSON, personal data masked
    after         TEXT
) STRICT;
CREATE INDEX audit_subject ON audit (subject, id);
CREATE INDEX audit_at ON audit (at, id);
