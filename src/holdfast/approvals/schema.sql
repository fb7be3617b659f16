-- Two people for one act: what was asked, with which inputs, and who said yes or no. Append-only.
-- A request's number is its chain in the journal: asked, answered, spent.
CREATE TABLE approval_request (
    request_id  bigint PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id   text   NOT NULL UNIQUE,
    act         text   NOT NULL,                -- 'receipt.reverse', 'thaw', ...
    loan_id     bigint,
    inputs      text   NOT NULL,                -- canonical JSON; what is approved is exactly this
    needed      integer NOT NULL CHECK (needed >= 1),
    barred      bigint[] NOT NULL,              -- staff who may not approve
    maker_id    bigint NOT NULL REFERENCES staff,
    reason      text   NOT NULL,
    asked_at    timestamptz NOT NULL
);
CREATE TABLE approval_answer (
    request_id  bigint NOT NULL REFERENCES approval_request,
    staff_id    bigint NOT NULL REFERENCES staff,
    approved    boolean NOT NULL,
    words       text   NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (request_id, staff_id)
);
CREATE TABLE approval_use (                     -- an approval is spent once
    request_id bigint PRIMARY KEY REFERENCES approval_request,
    used_at    timestamptz NOT NULL
);
