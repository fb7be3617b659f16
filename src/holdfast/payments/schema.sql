-- Money out: the principal of a signed contract, asked by one person and checked by another. `public_id` is the key that the rail knows it by.
CREATE TABLE payout (
    loan_id        bigint  NOT NULL,
    payout_no      integer NOT NULL,
    public_id      text    NOT NULL,
    state          text    NOT NULL CHECK (state IN ('asked', 'approved', 'sent', 'unknown', 'paid', 'rejected', 'cancelled')),
    amount         bigint  NOT NULL CHECK (amount > 0),
    currency       text    NOT NULL,
    contract       text    NOT NULL,            -- public id of the contract whose principal it is
    payee_label    text    NOT NULL,            -- masked
    account_masked text    NOT NULL,
    nonce          bytea   NOT NULL,
    sealed         bytea   NOT NULL,            -- the payee's name and account, under the borrower's own key
    lookup         bytea   NOT NULL,            -- the account, as a keyed hash
    approval       text    NOT NULL,            -- the request that the second person answers
    maker_id       bigint  NOT NULL REFERENCES staff,
    checker_id     bigint  REFERENCES staff,
    asked_at       timestamptz NOT NULL,
    sent_at        timestamptz,
    reference      text    NOT NULL,            -- the rail's own
    why            text    NOT NULL,            -- why it was rejected, cancelled, or is not known
    paid_on        date,
    enquiries      integer NOT NULL,
    enquire_at     timestamptz,                 -- from when on the rail is asked what became of it
    PRIMARY KEY (loan_id, payout_no),
    CHECK ((state = 'paid') = (paid_on IS NOT NULL)),
    CHECK (state NOT IN ('sent', 'unknown', 'paid', 'rejected') OR sent_at IS NOT NULL)
);
CREATE INDEX payout_public ON payout (public_id);
CREATE INDEX payout_under_way ON payout (state) WHERE state IN ('asked', 'approved', 'sent', 'unknown');
-- A loan is paid out once: no second payout stands beside one that is under way or paid.
CREATE UNIQUE INDEX payout_once ON payout (loan_id) WHERE state NOT IN ('rejected', 'cancelled');

-- The built-in stand-in for a bank: what it was told under each key, and what it answered. A key is answered once and for good.
CREATE TABLE local_bank_order (
    key       text PRIMARY KEY,
    digest    text NOT NULL,                    -- of the order; empty where it was asked about before it ever came
    outcome   text NOT NULL CHECK (outcome IN ('paid', 'rejected')),
    reference text NOT NULL,
    why       text NOT NULL,
    paid_on   date
);

-- Accounts from which, or to which, money of a borrower has gone; found by keyed hash.
CREATE TABLE payer_account (
    lookup   bytea  NOT NULL,
    party_id bigint NOT NULL REFERENCES party,
    PRIMARY KEY (lookup, party_id)
);

-- A cashier's drawer. Its number is its chain in the journal: opened, counted, closed.
CREATE TABLE drawer (
    drawer_id      bigint  PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id      text    NOT NULL UNIQUE,
    branch_id      bigint  NOT NULL REFERENCES branch,
    cashier_id     bigint  NOT NULL REFERENCES staff,
    state          text    NOT NULL CHECK (state IN ('open', 'counted', 'closed')),
    currency       text    NOT NULL,
    float_minor    bigint  NOT NULL CHECK (float_minor >= 0),
    opened_at      timestamptz NOT NULL,
    counted        bigint  CHECK (counted >= 0),
    words          text    NOT NULL,            -- why the count differs
    approval       text,                        -- the request that the second person answers
    closer_id      bigint  REFERENCES staff,
    closed_at      timestamptz,
    difference     bigint,                      -- counted less what should be there; an open item until it is settled
    settled_at     timestamptz,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((state = 'closed') = (difference IS NOT NULL))
);
CREATE UNIQUE INDEX drawer_one_open ON drawer (cashier_id) WHERE state = 'open';

-- What went into a drawer. Append-only.
CREATE TABLE drawer_entry (
    loan_id     bigint  NOT NULL,
    drawer_id   bigint  NOT NULL REFERENCES drawer,
    entry_no    integer NOT NULL,
    amount      bigint  NOT NULL,               -- negative: an earlier receipt was reversed
    received_at timestamptz NOT NULL,
    voids       integer,                        -- the entry that this one takes out
    PRIMARY KEY (loan_id, drawer_id, entry_no),
    CHECK ((amount < 0) = (voids IS NOT NULL) AND amount <> 0),
    UNIQUE (loan_id, drawer_id, voids)
);
CREATE INDEX drawer_entry_of ON drawer_entry (drawer_id, entry_no);

-- A bank's statement, as it was handed in. Its number is its chain in the journal.
CREATE TABLE bank_file (
    file_id   bigint  PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id text    NOT NULL UNIQUE,
    name      text    NOT NULL,
    digest    text    NOT NULL,                 -- SHA-256 of the bytes
    map       text    NOT NULL,
    branch_id bigint  NOT NULL REFERENCES branch,
    loaded_by bigint  NOT NULL REFERENCES staff,
    loaded_at timestamptz NOT NULL,
    report    text    NOT NULL                  -- JSON: how many rows, which were refused, by row, column, value and reason
);

-- One line of a bank's statement. What may name a person is sealed under the lender's own key.
CREATE TABLE bank_line (
    line_id    bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id  text    NOT NULL UNIQUE,
    file_id    bigint  NOT NULL REFERENCES bank_file,
    row_no     integer NOT NULL,
    identity   bytea,                           -- keyed hash of the bank's reference, else of the line and its ordinal; NULL for a duplicate
    state      text    NOT NULL CHECK (state IN ('read', 'matched', 'unmatched', 'ignored', 'duplicate', 'reversed')),
    booked_on  date    NOT NULL,                -- value date
    amount     bigint  NOT NULL,                -- negative: outgoing
    currency   text    NOT NULL,
    payer      text    NOT NULL,                -- masked
    account    text    NOT NULL,                -- masked
    lookup     bytea,                           -- the payer's account, as a keyed hash
    nonce      bytea   NOT NULL,
    sealed     bytea   NOT NULL,                -- payer, account and remark as they stand in the file
    loan_id    bigint,                          -- matched to, or proposed
    how        text    NOT NULL,                -- by what it was matched, or why it was not
    approval   text,                            -- the request that a second person answers
    CHECK ((state = 'duplicate') = (identity IS NULL)),
    CHECK (state <> 'matched' OR loan_id IS NOT NULL)
);
CREATE UNIQUE INDEX bank_line_once ON bank_line (identity);
CREATE INDEX bank_line_file ON bank_line (file_id, row_no);
CREATE INDEX bank_line_open ON bank_line (state, line_id) WHERE state IN ('read', 'unmatched', 'reversed');
CREATE INDEX bank_line_loan ON bank_line (loan_id) WHERE loan_id IS NOT NULL;

-- Money that is in the bank and belongs to no loan yet: the sub-ledger of the account `suspense`. Append-only.
CREATE TABLE suspense_posting (
    posting_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    line_id        bigint NOT NULL REFERENCES bank_line,
    on_date        date   NOT NULL,
    branch_id      bigint NOT NULL REFERENCES branch,
    product_code   text   NOT NULL,
    debit_account  text   NOT NULL REFERENCES gl_account,
    credit_account text   NOT NULL REFERENCES gl_account,
    amount         bigint NOT NULL CHECK (amount > 0),
    currency       text   NOT NULL,
    CHECK (debit_account <> credit_account)
);
INSERT INTO gl_account (code, kind) VALUES ('suspense', 'liability');

-- What a borrower means to pay: the code goes into the transfer's remark.
CREATE TABLE payment_intent (
    loan_id    bigint  NOT NULL,
    intent_no  integer NOT NULL,
    public_id  text    NOT NULL,
    code       text    NOT NULL UNIQUE,
    what       text    NOT NULL CHECK (what IN ('instalment', 'arrears', 'all')),
    amount     bigint  NOT NULL CHECK (amount > 0),
    currency   text    NOT NULL,
    state      text    NOT NULL CHECK (state IN ('open', 'said_paid', 'cleared', 'expired', 'cancelled')),
    made_at    timestamptz NOT NULL,
    said_at    timestamptz,
    expires_on date    NOT NULL,
    line_id    bigint  REFERENCES bank_line,    -- the line that cleared it
    PRIMARY KEY (loan_id, intent_no),
    CHECK ((state = 'cleared') = (line_id IS NOT NULL))
);
CREATE INDEX payment_intent_public ON payment_intent (public_id);
CREATE INDEX payment_intent_open ON payment_intent (expires_on) WHERE state IN ('open', 'said_paid');
CREATE UNIQUE INDEX payment_intent_one_open ON payment_intent (loan_id) WHERE state = 'open';

-- A borrower's withdrawal in the cooling-off period.
CREATE TABLE cooling_off (
    loan_id      bigint PRIMARY KEY,
    asked_on     date   NOT NULL,
    return_by    date   NOT NULL,
    state        text   NOT NULL CHECK (state IN ('asked', 'completed', 'lapsed'))
);
