-- A loan's releases; a pay-off that is undone cancels one, and the next pay-off opens another.
CREATE TABLE release (
    loan_id           bigint  NOT NULL,
    release_no        integer NOT NULL,
    public_id         text    NOT NULL,             -- 'rl_...'
    token             text    NOT NULL,             -- names the proof page; nobody can guess it
    state             text    NOT NULL CHECK (state IN (
        'opened', 'identified', 'audited', 'approved', 'certified', 'handed_back', 'completed', 'cancelled', 'ended_otherwise')),
    thing             text    NOT NULL CHECK (thing IN ('in_custody', 'outside', 'none', 'compensated', 'disposed', 'returned')),
    opened_on         date    NOT NULL,
    opened_at         timestamptz NOT NULL,
    opened_seq        integer NOT NULL,
    way               text    CHECK (way IN ('self', 'agent', 'papers')),
    collector         text    NOT NULL DEFAULT '',  -- masked name of whoever came
    identified_at     timestamptz,
    identified_by     bigint  REFERENCES staff,
    lines             text    NOT NULL DEFAULT '[]',    -- canonical JSON of the last audit
    audited_at        timestamptz,
    audited_by        bigint  REFERENCES staff,
    request           text,                         -- the approval asked for
    approved_at       timestamptz,
    certificate       text,                         -- files
    application       text,
    certified_at      timestamptz,
    certified_seq     integer,
    hand_back_request text,
    handed_back_at    timestamptz,
    handed_by         bigint  REFERENCES staff,
    witness           bigint  REFERENCES staff,
    hand_back_receipt text,
    bureau_file       text,
    bureau_line       integer,
    reported_at       timestamptz,
    PRIMARY KEY (loan_id, release_no),
    -- Nothing leaves the shelf before two people approved, the certificate is out and whoever came was identified.
    CHECK (handed_back_at IS NULL OR (approved_at IS NOT NULL AND certified_at IS NOT NULL AND identified_at IS NOT NULL
                                      AND handed_by <> witness))
);
CREATE INDEX release_state ON release (state) WHERE state NOT IN ('completed', 'cancelled', 'ended_otherwise');

-- Which release a proof page or a name of the API is about: a registry, so that the loan family can be spread by loan_id.
CREATE TABLE release_name (
    name       text    PRIMARY KEY,
    loan_id    bigint  NOT NULL,
    release_no integer NOT NULL
);

-- A default: notice, sale, statement. One thing is sold once; a cured default may be followed by another.
CREATE TABLE disposal (
    loan_id         bigint  NOT NULL,
    disposal_no     integer NOT NULL,
    public_id       text    NOT NULL,               -- 'ds_...'
    state           text    NOT NULL CHECK (state IN (
        'noticed', 'valued', 'sold', 'accounted', 'surplus_returned', 'cured', 'cancelled')),
    currency        text    NOT NULL,
    noticed_on      date    NOT NULL,
    sale_from       date    NOT NULL CHECK (sale_from > noticed_on),
    days_past_due   integer NOT NULL,
    notice_file     text    NOT NULL,
    valuation       text,                           -- 'va_...', or the words of whoever valued a thing outside
    valued_at       bigint  CHECK (valued_at > 0),
    valued_on       date,
    request         text,                           -- the approval of the sale
    price           bigint  CHECK (price > 0),
    costs           text    NOT NULL DEFAULT '{}',  -- canonical JSON: what for, minor units
    buyer           text    NOT NULL DEFAULT '',    -- masked
    sold_on         date    CHECK (sold_on >= sale_from),
    debt            text    NOT NULL DEFAULT '{}',  -- canonical JSON: part of the debt, minor units, before the sale
    owed_before     bigint,
    statement_file  text,
    accounted_on    date,
    surplus_request text,
    PRIMARY KEY (loan_id, disposal_no),
    CHECK ((state IN ('sold', 'accounted', 'surplus_returned')) = (price IS NOT NULL))
);

-- Where a branch hands things back, when it is open, and whom to call.
CREATE TABLE branch_counter (
    branch_id bigint PRIMARY KEY REFERENCES branch,
    address   text    NOT NULL,
    opens     text    NOT NULL,
    closes    text    NOT NULL,
    first_day integer NOT NULL CHECK (first_day BETWEEN 1 AND 7),
    last_day  integer NOT NULL CHECK (last_day BETWEEN 1 AND 7),
    phone     text    NOT NULL
);
