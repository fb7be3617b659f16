-- Collateral: the thing that is pledged: its identity, condition, value, and where it is kept.

-- A thing that somebody would pledge. Its number is its chain in the journal. Append-only: what is found later stands elsewhere.
CREATE TABLE thing (
    thing_id     bigint  PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id    text    NOT NULL UNIQUE,
    kind         text    NOT NULL CHECK (kind IN ('phone')),
    party_id     bigint  NOT NULL REFERENCES party,
    model        text    NOT NULL,
    storage_gb   integer NOT NULL CHECK (storage_gb > 0),
    colour       text    NOT NULL,
    grade        text    NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),  -- as its owner says
    described_on date    NOT NULL
);
-- Its one or two IMEIs: sealed under the owner's key, found by a keyed hash, shown by the last four digits.
CREATE TABLE thing_imei (
    thing_id bigint   NOT NULL REFERENCES thing,
    place    smallint NOT NULL CHECK (place IN (1, 2)),
    nonce    bytea    NOT NULL,
    sealed   bytea    NOT NULL,
    lookup   bytea    NOT NULL,
    masked   text     NOT NULL,
    PRIMARY KEY (thing_id, place),
    UNIQUE (thing_id, lookup)
);
CREATE INDEX thing_imei_lookup ON thing_imei (lookup);
CREATE TABLE thing_evidence (
    thing_id bigint NOT NULL REFERENCES thing,
    what     text   NOT NULL,                   -- 'invoice', 'photo_front', ...
    file_id  bigint NOT NULL REFERENCES file,
    PRIMARY KEY (thing_id, what)
);
-- The things offered for a loan.
CREATE TABLE thing_loan (
    loan_id  bigint NOT NULL,
    thing_id bigint NOT NULL,
    PRIMARY KEY (loan_id, thing_id)
);
CREATE INDEX thing_loan_thing ON thing_loan (thing_id);
-- Registry: which open pledge lies on an IMEI. One at most, whoever asks and however many ask at once.
CREATE TABLE imei_claim (
    claim_id bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lookup   bytea   NOT NULL,
    pledge   text    NOT NULL,                  -- the pledge's public id
    open     boolean NOT NULL
);
CREATE UNIQUE INDEX imei_claim_open ON imei_claim (lookup) WHERE open;
CREATE INDEX imei_claim_pledge ON imei_claim (pledge) WHERE open;

-- Price books as they were loaded, whole. Append-only: a newer book stands beside the older.
CREATE TABLE price_book (
    book_id   bigint  PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id text    NOT NULL UNIQUE,
    name      text    NOT NULL,
    digest    text    NOT NULL,                 -- SHA-256 of the file
    lines     integer NOT NULL,
    loaded_by bigint  NOT NULL REFERENCES staff,
    loaded_at timestamptz NOT NULL
);
CREATE TABLE price_line (
    book_id    bigint  NOT NULL REFERENCES price_book,
    row_no     integer NOT NULL,                -- of the file, header = 1
    model_key  text    NOT NULL,
    model      text    NOT NULL,
    storage_gb integer NOT NULL,
    currency   text    NOT NULL,
    price_a    bigint  NOT NULL CHECK (price_a > 0),
    price_b    bigint  NOT NULL CHECK (price_b > 0),
    price_c    bigint  NOT NULL CHECK (price_c > 0),
    price_d    bigint  NOT NULL CHECK (price_d > 0),
    own_grades text    NOT NULL,                -- which of them the file gave itself, as 'ABD'; the others follow from A
    source     text    NOT NULL,
    as_of      date    NOT NULL,
    PRIMARY KEY (book_id, row_no)
);
CREATE INDEX price_line_model ON price_line (model_key, storage_gb, source, as_of);

-- One source's word on what a thing would fetch. Append-only: a second look is a second row.
CREATE TABLE valuation (
    valuation_id bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id    text    NOT NULL UNIQUE,
    thing_id     bigint  NOT NULL REFERENCES thing,
    source       text    NOT NULL CHECK (source IN ('price_book', 'appraisal', 'outside_quote')),
    source_name  text    NOT NULL,
    grade        text    NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    currency     text    NOT NULL,
    market       bigint  NOT NULL CHECK (market > 0),
    deductions   text    NOT NULL,              -- canonical JSON: fault to minor units
    checklist    text    NOT NULL,              -- canonical JSON: point to answer
    amount       bigint  NOT NULL CHECK (amount > 0 AND amount <= market),
    locked       boolean NOT NULL,
    evidence     text[]  NOT NULL,              -- public ids of files
    basis        text    NOT NULL,              -- 'pb_... row 7' for a price book; else empty
    as_of        date    NOT NULL,
    valid_until  date    NOT NULL CHECK (valid_until >= as_of),
    made_by      bigint  REFERENCES staff,
    made_at      timestamptz NOT NULL,
    record_seq   integer NOT NULL
);
CREATE INDEX valuation_thing ON valuation (thing_id);
-- Which word counted, by which rule, out of which. Append-only.
CREATE TABLE valuation_choice (
    choice_id       bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id       text    NOT NULL UNIQUE,
    thing_id        bigint  NOT NULL REFERENCES thing,
    rule            text    NOT NULL,
    counting_id     bigint  REFERENCES valuation,
    of_ids          bigint[] NOT NULL,
    referred        text,
    apart_percent   integer NOT NULL,
    locked          boolean NOT NULL,
    currency        text    NOT NULL,
    amount          bigint  NOT NULL CHECK (amount >= 0),
    haircut_percent integer NOT NULL CHECK (haircut_percent BETWEEN 0 AND 100),
    lending_value   bigint  NOT NULL CHECK (lending_value >= 0 AND lending_value <= amount),
    valid_until     date,
    chosen_at       timestamptz NOT NULL,
    record_seq      integer NOT NULL,
    CHECK ((counting_id IS NULL) = (referred IS NOT NULL))
);
CREATE INDEX valuation_choice_thing ON valuation_choice (thing_id);
-- What two people settled on, out of exactly which words. Append-only.
CREATE TABLE valuation_settlement (
    settlement_id bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing_id      bigint   NOT NULL REFERENCES thing,
    of_ids        bigint[] NOT NULL,
    counting_id   bigint   NOT NULL REFERENCES valuation,
    request       text     NOT NULL,
    settled_at    timestamptz NOT NULL
);
CREATE INDEX valuation_settlement_thing ON valuation_settlement (thing_id);

-- Shelves as they stand in a branch: levels of numbered slots.
CREATE TABLE shelf (
    branch_id bigint  NOT NULL REFERENCES branch,
    code      text    NOT NULL CHECK (code ~ '^[A-Z][A-Z0-9]{0,3}$'),
    levels    integer NOT NULL CHECK (levels BETWEEN 1 AND 20),
    slots     integer NOT NULL CHECK (slots BETWEEN 1 AND 50),
    PRIMARY KEY (branch_id, code)
);
-- A thing's stay with us: from the day it is expected to the day it leaves.
CREATE TABLE custody_item (
    item_id    bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thing_id   bigint  NOT NULL REFERENCES thing,
    state      text    NOT NULL CHECK (state IN ('expected', 'in_custody', 'missing', 'lost', 'handed_back', 'disposed')),
    branch_id  bigint  NOT NULL,
    shelf      text    NOT NULL,
    level      integer NOT NULL,
    slot       integer NOT NULL,
    seal_no    text    NOT NULL,
    placed_at  timestamptz NOT NULL,            -- since when it has lain in this slot
    changed_at timestamptz NOT NULL,
    of_place   boolean GENERATED ALWAYS AS (CASE WHEN state IN ('expected', 'in_custody', 'missing') THEN true END) STORED,
    FOREIGN KEY (branch_id, shelf) REFERENCES shelf (branch_id, code),
    -- One thing to a slot, and one stay to a thing at a time; what has left holds neither.
    UNIQUE (branch_id, shelf, level, slot, of_place),
    UNIQUE (thing_id, of_place)
);
-- Registry: a seal number is used once in the life of the house.
CREATE TABLE custody_seal (
    seal_no text   PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES custody_item
);
-- A walk along one shelf with a scanner. Its number is its chain in the journal.
CREATE TABLE shelf_audit (
    audit_id  bigint PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id text   NOT NULL UNIQUE,
    branch_id bigint NOT NULL,
    shelf     text   NOT NULL,
    opened_by bigint NOT NULL REFERENCES staff,
    opened_at timestamptz NOT NULL,
    closed_by bigint REFERENCES staff,
    closed_at timestamptz,
    found     text   NOT NULL DEFAULT '{}',     -- canonical JSON: what closing found
    FOREIGN KEY (branch_id, shelf) REFERENCES shelf (branch_id, code),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL))
);
CREATE UNIQUE INDEX shelf_audit_open ON shelf_audit (branch_id, shelf) WHERE closed_at IS NULL;
CREATE TABLE shelf_scan (
    audit_id   bigint NOT NULL REFERENCES shelf_audit,
    seal_no    text   NOT NULL,
    item_id    bigint REFERENCES custody_item,  -- NULL: no item of ours bears this seal
    scanned_by bigint NOT NULL REFERENCES staff,
    scanned_at timestamptz NOT NULL,
    PRIMARY KEY (audit_id, seal_no)
);
