-- Applications: what somebody asks for and the file that grows until it is handed in. Its number is its chain in the journal.
CREATE TABLE application (
    application_id  bigint  PRIMARY KEY,
    public_id       text    NOT NULL UNIQUE,
    party_id        bigint  NOT NULL REFERENCES party,
    branch_id       bigint  NOT NULL REFERENCES branch,   -- where the thing will be brought
    officer_id      bigint  REFERENCES staff,             -- who fills it in for somebody at the counter
    channel         text    NOT NULL CHECK (channel IN ('phone', 'counter', 'program')),
    state           text    NOT NULL CHECK (state IN ('draft', 'submitted', 'returned', 'withdrawn', 'closed')),
    product_code    text    NOT NULL,
    product_version integer NOT NULL,
    currency        text    NOT NULL,
    principal       bigint  NOT NULL CHECK (principal > 0),
    instalments     integer NOT NULL CHECK (instalments > 0),
    loan_id         bigint  UNIQUE,                       -- once it is handed in
    thing_id        bigint  REFERENCES thing,
    started_on      date    NOT NULL,
    started_at      timestamptz NOT NULL,
    submitted_at    timestamptz,
    purpose         text,                                 -- what the money is for, as the file was handed in
    FOREIGN KEY (product_code, product_version) REFERENCES product_version (product_code, version),
    CHECK ((loan_id IS NULL) = (submitted_at IS NULL)),
    CHECK (loan_id IS NOT NULL OR state NOT IN ('submitted', 'returned'))
);
CREATE INDEX application_party ON application (party_id);
-- Loans that carry a business are reviewed; they are few among many.
CREATE INDEX application_business ON application (loan_id) WHERE purpose = 'working_capital';
-- One file at a time is filled in.
CREATE UNIQUE INDEX application_draft ON application (party_id) WHERE state = 'draft';

-- How the file grew: each step a row, sealed under the party's key. The newest word on a fact counts. Append-only.
CREATE TABLE application_entry (
    application_id bigint  NOT NULL REFERENCES application,
    entry_no       integer NOT NULL,
    fields         text[]  NOT NULL,                      -- names only
    source         text    NOT NULL,                      -- 'borrower', 'counter', 'call ca_...'
    by_actor       text    NOT NULL,
    at             timestamptz NOT NULL,
    nonce          bytea   NOT NULL,
    sealed         bytea   NOT NULL,                      -- canonical JSON of the facts
    PRIMARY KEY (application_id, entry_no)
);
-- Papers and pictures; the newest of a slot counts. Append-only.
CREATE TABLE application_file (
    application_id bigint  NOT NULL REFERENCES application,
    place          integer NOT NULL,
    slot           text    NOT NULL,
    file_id        bigint  NOT NULL REFERENCES file,
    put_at         timestamptz NOT NULL,
    PRIMARY KEY (application_id, place)
);
-- What was asked for when a file was given back. Append-only.
CREATE TABLE application_return (
    application_id bigint  NOT NULL REFERENCES application,
    return_no      integer NOT NULL,
    fields         text[]  NOT NULL,
    words          text    NOT NULL,
    on_date        date    NOT NULL,
    by_staff       bigint  NOT NULL REFERENCES staff,
    PRIMARY KEY (application_id, return_no)
);
-- The last contract number of each month.
CREATE TABLE contract_number (
    month text    PRIMARY KEY,                            -- '202611'
    last  integer NOT NULL CHECK (last > 0)
);
