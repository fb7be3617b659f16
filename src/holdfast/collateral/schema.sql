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
