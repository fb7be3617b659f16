-- The ground row that every stage hangs on.
CREATE TABLE loan (
    loan_id         bigint  PRIMARY KEY,
    public_id       text    NOT NULL,
    branch_id       bigint  NOT NULL REFERENCES branch,
    officer_id      bigint  REFERENCES staff,
    party_id        bigint  REFERENCES party,
    borrower_label  text    NOT NULL,           -- masked: 张*
    product_code    text    NOT NULL,
    product_version integer NOT NULL,
    contract_no     text    NOT NULL,
    currency        text    NOT NULL,
    state           text    NOT NULL,           -- a line of life.LoanState
    principal_out   bigint  NOT NULL CHECK (principal_out >= 0),
    head_seq        integer NOT NULL,           -- the chain's last record
    head_hash       bytea   NOT NULL,
    last_duty_no    integer NOT NULL,           -- how many duties it has had
    duty_no         integer,
    next_action_at  timestamptz,
    duty_open       boolean GENERATED ALWAYS AS (
        CASE WHEN state IN ('submitted', 'confirmed', 'decided', 'signed', 'active', 'written_off', 'releasing') THEN true END
    ) STORED,
    pack_version    text    NOT NULL,           -- the policy pack that governed it when it was made
    opened_on       date    NOT NULL,
    FOREIGN KEY (product_code, product_version) REFERENCES product_version (product_code, version),
    CHECK (state IN ('submitted', 'confirmed', 'decided', 'signed', 'active', 'written_off', 'releasing', 'refused', 'withdrawn', 'settled')),
    -- The three checks of "nothing is missed"; a NULL would switch the foreign key off, so it is forbidden.
    CHECK ((duty_open IS NOT NULL) = (duty_no IS NOT NULL) AND (duty_no IS NULL) = (next_action_at IS NULL)),
    CHECK (duty_open IS NOT NULL OR principal_out = 0),
    UNIQUE (loan_id, duty_open)
) WITH (fillfactor = 70);
CREATE INDEX loan_branch_state ON loan (branch_id, state);

-- Global uniqueness lives in a registry, so that the loan family can be spread by loan_id.
CREATE TABLE loan_registry (
    kind    text   NOT NULL CHECK (kind IN ('public_id', 'contract_no', 'tape')),
    key     text   NOT NULL,
    loan_id bigint NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX loan_registry_loan ON loan_registry (loan_id);

-- A reused key with other inputs is refused; the same call twice gives the first answer.
CREATE TABLE idempotency (
    scope       text  NOT NULL,                 -- who called: token or user
    key         text  NOT NULL,
    inputs_hash bytea NOT NULL,
    status      integer NOT NULL,
    answer      text  NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
