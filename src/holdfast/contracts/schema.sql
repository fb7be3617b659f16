-- Contracts: the terms of an approved decision as papers, offered to the borrower and signed by both.
CREATE TABLE contract (
    loan_id    bigint NOT NULL,
    n          int    NOT NULL CHECK (n >= 1),   -- the loan's contracts, counted
    public_id  text   NOT NULL,
    number     text   NOT NULL,                  -- what stands on the papers
    state      text   NOT NULL CHECK (state IN ('drafted', 'offered', 'borrower_signed', 'sealed', 'lapsed', 'void')),
    terms      text   NOT NULL,                  -- canonical JSON of products.Terms
    clauses    text   NOT NULL,                  -- the flagged clauses as they were offered, both languages
    drafted_by bigint NOT NULL REFERENCES staff,
    offered_by bigint REFERENCES staff,
    offered_on date,
    good_until date,                             -- the last day on which the borrower may sign
    signed_at  timestamptz,
    sealed_at  timestamptz,
    sealed_by  bigint REFERENCES staff,
    PRIMARY KEY (loan_id, n),
    CHECK ((offered_on IS NULL) = (good_until IS NULL)),
    CHECK (state <> 'sealed' OR (signed_at IS NOT NULL AND sealed_at IS NOT NULL AND sealed_by IS NOT NULL))
);
-- One contract stands at a time; whoever comes second is refused by the database too.
CREATE UNIQUE INDEX contract_standing ON contract (loan_id) WHERE state IN ('drafted', 'offered', 'borrower_signed', 'sealed');
CREATE INDEX contract_on_offer ON contract (good_until) WHERE state = 'offered';

-- Every copy of every paper: as drafted, as the borrower signed it, as the lender sealed it. Append-only.
CREATE TABLE contract_paper (
    loan_id bigint NOT NULL,
    n       int    NOT NULL,
    kind    text   NOT NULL CHECK (kind IN ('cost_statement', 'agreement', 'evidence')),
    stage   text   NOT NULL CHECK (stage IN ('draft', 'signed', 'sealed')),
    file_id bigint NOT NULL REFERENCES file,
    PRIMARY KEY (loan_id, n, kind, stage),
    FOREIGN KEY (loan_id, n) REFERENCES contract
);
