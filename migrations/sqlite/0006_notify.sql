-- What people chose to be told of, and what became of every notification by every channel.

-- Of one subscriber, system, channel: of all cases or one, of all events or one. The last choice counts.
CREATE TABLE subscriptions (
    subscriber    BLOB NOT NULL CHECK (length(subscriber) = 32),     -- SHA-256 of an identifier, as in parties
    system        TEXT NOT NULL,
    case_kind     TEXT NOT NULL,            -- '': of all cases
    case_number   TEXT NOT NULL,
    event         TEXT NOT NULL,            -- '': of all events
    channel       TEXT NOT NULL,
    frequency     TEXT NOT NULL CHECK (frequency = 'never' OR frequency = 'at-once' OR frequency = 'hourly' OR frequency = 'daily'),
    shown         TEXT NOT NULL,            -- the identifier, masked
    happened_at   INTEGER NOT NULL,
    recorded_at   INTEGER NOT NULL,
    message       INTEGER REFERENCES inbox (seq) DEFERRABLE INITIALLY DEFERRED,           -- NULL: by an opt-out link
    PRIMARY KEY (subscriber, system, case_kind, case_number, event, channel),
    CHECK ((case_kind = '') = (case_number = ''))
) STRICT, WITHOUT ROWID;

-- One event, one reader, one channel. Several of a digest leave as one and share `delivery`.
CREATE TABLE notifications (
    id            INTEGER PRIMARY KEY,
    event         INTEGER NOT NULL REFERENCES events (id) DEFERRABLE INITIALLY DEFERRED,
    audience      TEXT NOT NULL CHECK (audience = 'applicant' OR audience = 'agency' OR audience = 'origin' OR audience = 'all'),
    reader        INTEGER REFERENCES cases (id) DEFERRABLE INITIALLY DEFERRED,            -- the case whose applicant reads it; NULL: an agency, or everybody
    agency        TEXT,                     -- the agency or the participant of a dialog that reads it
    channel       TEXT NOT NULL,
    address       TEXT,                     -- where the channel needs one
    recipient     TEXT NOT NULL,            -- whom limits and digests are counted by
    required      INTEGER NOT NULL CHECK (required IN (0, 1)),
    digest        TEXT CHECK (digest IN ('hourly', 'daily')),
    delivery      TEXT NOT NULL,            -- the id under which it leaves, the same at every try
    order_key     TEXT,                     -- those of one key leave in order; NULL: on its own
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'sent' OR state = 'confirmed' OR state = 'failed'
                                       OR state = 'suppressed'),
    reason        TEXT CHECK ((state IN ('failed', 'suppressed')) = (reason IS NOT NULL)),
    error         TEXT,                     -- what the last try met
    attempts      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,         -- of a sent one: when it is tried again unless it is confirmed
    created_at    INTEGER NOT NULL,
    give_up_at    INTEGER NOT NULL,         -- then it is no longer tried
    sent_at       INTEGER CHECK (state <> 'sent' OR sent_at IS NOT NULL),   -- the last handing over
    settled_at    INTEGER CHECK ((state IN ('pending', 'sent')) = (settled_at IS NULL))
) STRICT;
CREATE INDEX notifications_due ON notifications (channel, due_at, id) WHERE state IN ('pending', 'sent');
CREATE INDEX notifications_delivery ON notifications (delivery);
CREATE INDEX notifications_order ON notifications (order_key, id) WHERE state IN ('pending', 'sent') AND order_key IS NOT NULL;
CREATE INDEX notifications_recent ON notifications (channel, recipient, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX notifications_event ON notifications (event);
CREATE INDEX notifications_settled ON notifications (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX notifications_state ON notifications (state, id) WHERE state IN ('failed', 'suppressed');
CREATE UNIQUE INDEX notifications_once ON notifications (event, audience, channel, delivery);

-- How far an event for everybody is told: the last case whose applicant was reached.
CREATE TABLE event_reach (
    event         INTEGER PRIMARY KEY REFERENCES events (id) DEFERRABLE INITIALLY DEFERRED,
    last_case     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER export_notifications_new AFTER INSERT ON notifications WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'notifications')
BEGIN INSERT INTO export_changes (source, row) VALUES ('notifications', NEW.id); END;
CREATE TRIGGER export_notifications_changed AFTER UPDATE ON notifications WHEN EXISTS (SELECT 1 FROM export_watermarks WHERE source = 'notifications')
BEGIN INSERT INTO export_changes (source, row) VALUES ('notifications', NEW.id); END;
