-- The one ledger of every message, call and visit. Rows are written before anything is sent.
CREATE TABLE message (
    loan_id     bigint  NOT NULL,
    message_no  integer NOT NULL,
    duty_no     integer,                        -- the duty it answers
    purpose     text    NOT NULL CHECK (purpose IN ('code', 'service', 'reminder', 'collection', 'marketing')),
    channel     text    NOT NULL CHECK (channel IN ('sms', 'voice', 'push', 'mail', 'visit')),
    party_id    bigint  REFERENCES party,
    template    text    NOT NULL,
    params      text    NOT NULL,               -- canonical JSON, masked values only
    body        text    NOT NULL,               -- as the borrower sees it
    on_date     date    NOT NULL,
    send_from   timestamptz NOT NULL,           -- not before: the contact hours
    send_until  timestamptz NOT NULL,
    state       text    NOT NULL CHECK (state IN ('promised', 'held', 'sent', 'delivered', 'failed', 'unknown', 'dropped')),
    state_why   text    NOT NULL DEFAULT '',
    provider_id text,
    sent_at     timestamptz,
    settled_at  timestamptz,
    PRIMARY KEY (loan_id, message_no)
);
CREATE INDEX message_day ON message (on_date);

-- Work queue of the dispatcher: local; the message is the fact.
CREATE TABLE outbox (
    queue_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    loan_id    bigint NOT NULL,
    message_no integer NOT NULL,
    send_from  timestamptz NOT NULL
);
CREATE INDEX outbox_from ON outbox (send_from);

-- Every contact that was made or refused, and by which rule. Append-only.
CREATE TABLE contact_ledger (
    loan_id   bigint  NOT NULL,
    entry_no  integer NOT NULL,
    party_id  bigint,
    purpose   text    NOT NULL,
    channel   text    NOT NULL,
    on_date   date    NOT NULL,
    at        timestamptz NOT NULL,
    outcome   text    NOT NULL,                 -- 'sent', 'reached', 'not_reached', 'refused'
    rule      text    NOT NULL,                 -- the pack's rule that allowed or refused it
    by_staff  bigint,
    PRIMARY KEY (loan_id, entry_no)
);
CREATE INDEX contact_ledger_party ON contact_ledger (party_id, on_date);

-- Pauses and refusals that bind every channel.
CREATE TABLE contact_stop (
    party_id bigint NOT NULL REFERENCES party,
    reason   text   NOT NULL CHECK (reason IN ('opt_out', 'complaint', 'dispute', 'hardship')),
    purposes text[] NOT NULL,
    since    date   NOT NULL,
    until    date,
    PRIMARY KEY (party_id, reason, since)
);

-- A line of tonight that a person holds, with the reason.
CREATE TABLE tonight_hold (
    loan_id  bigint NOT NULL,
    on_date  date   NOT NULL,
    kind     text   NOT NULL,
    about    text   NOT NULL,
    reason   text   NOT NULL,
    by_staff bigint NOT NULL REFERENCES staff,
    held_at  timestamptz NOT NULL,
    PRIMARY KEY (loan_id, on_date, kind, about)
);

-- What each night promised and did. Append-only.
CREATE TABLE night (
    on_date  date PRIMARY KEY,
    summary  text NOT NULL,                     -- canonical JSON of day-end's counts
    ran_at   timestamptz NOT NULL
);
CREATE TABLE night_line (
    loan_id bigint NOT NULL,
    on_date date   NOT NULL,
    line    integer NOT NULL,
    kind    text   NOT NULL,                    -- 'message', 'entry', 'duty', 'class'
    what    text   NOT NULL,                    -- canonical JSON
    rule    text   NOT NULL,
    PRIMARY KEY (loan_id, on_date, line)
);
