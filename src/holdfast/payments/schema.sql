-- Money out, asked by one person and checked by another: the principal of a signed contract, or a further sum under its limit.
-- `public_id` is the key that the rail knows it by.
CREATE TABLE payout (
    loan_id        bigint  NOT NULL,
    payout_no      integer NOT NULL,
    public_id      text    NOT NULL,
    state          text    NOT NULL CHECK (state IN ('asked', 'approved', 'listed', 'sent', 'unknown', 'paid', 'rejected', 'cancelled')),
    channel        text    NOT NULL CHECK (channel IN ('rail', 'file')),
    further        boolean NOT NULL,            -- a further sum of a loan that is being repaid, not the principal that it begins with
    amount         bigint  NOT NULL CHECK (amount > 0),
    currency       text    NOT NULL,
    contract       text    NOT NULL,            -- public id of the contract under which it is paid; its number where it was signed elsewhere
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
    file_id        bigint,                      -- the file of payouts that it is in
    disputed       boolean NOT NULL,            -- the bank contradicted itself: people rule, and no machine moves it
    PRIMARY KEY (loan_id, payout_no),
    CHECK ((state = 'paid') = (paid_on IS NOT NULL)),
    CHECK (state NOT IN ('sent', 'unknown', 'paid', 'rejected') OR sent_at IS NOT NULL),
    CHECK (state <> 'listed' OR file_id IS NOT NULL)
);
CREATE INDEX payout_public ON payout (public_id);
CREATE INDEX payout_under_way ON payout (state) WHERE state IN ('asked', 'approved', 'listed', 'sent', 'unknown');
CREATE INDEX payout_of_file ON payout (file_id) WHERE file_id IS NOT NULL;
-- A loan's principal is paid out once, and no second payout stands beside one that is under way.
CREATE UNIQUE INDEX payout_once ON payout (loan_id) WHERE NOT further AND state NOT IN ('rejected', 'cancelled');
CREATE UNIQUE INDEX payout_one_under_way ON payout (loan_id) WHERE state NOT IN ('paid', 'rejected', 'cancelled');

-- A file of approved payouts for the bank (pain.001). Its number is its chain in the journal; the bytes are kept sealed.
CREATE TABLE payout_file (
    file_id     bigint  PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id   text    NOT NULL UNIQUE,        -- the message's own id in the file
    branch_id   bigint  NOT NULL REFERENCES branch,
    state       text    NOT NULL CHECK (state IN ('made', 'taken', 'handed', 'stopped')),
    orders      integer NOT NULL CHECK (orders > 0),
    total       bigint  NOT NULL CHECK (total > 0),
    currency    text    NOT NULL,
    execute_on  date    NOT NULL,
    nonce       bytea   NOT NULL,
    sealed      bytea   NOT NULL,               -- the bytes as they go to the bank, under the lender's own key
    digest      text    NOT NULL,               -- SHA-256 of the bytes
    maker_id    bigint  NOT NULL REFERENCES staff,
    taker_id    bigint  REFERENCES staff,
    made_at     timestamptz NOT NULL,
    taken_at    timestamptz,
    handed_at   timestamptz,
    reference   text    NOT NULL,               -- the bank's receipt for the file
    CHECK ((state IN ('taken', 'handed')) = (taken_at IS NOT NULL)),
    CHECK (taker_id <> maker_id)
);
CREATE INDEX payout_file_state ON payout_file (state);

-- A payout that is to come back, or of which the bank said two things: what people found out, and how it ended.
CREATE TABLE payout_matter (
    loan_id   bigint  NOT NULL,
    matter_no integer NOT NULL,
    public_id text    NOT NULL,
    payout    text    NOT NULL,                 -- public id
    kind      text    NOT NULL CHECK (kind IN ('recall', 'dispute')),
    state     text    NOT NULL CHECK (state IN ('open', 'ruled', 'ended')),
    opened_at timestamptz NOT NULL,
    opened_by text    NOT NULL,
    words     text    NOT NULL,
    approval  text,                             -- the request that the second person answers
    outcome   text    NOT NULL,
    reference text    NOT NULL,
    ended_at  timestamptz,
    PRIMARY KEY (loan_id, matter_no),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX payout_matter_public ON payout_matter (public_id);
CREATE UNIQUE INDEX payout_matter_one_open ON payout_matter (loan_id, kind) WHERE state <> 'ended';

-- All that a rail or a bank ever said of a key, as it came, and what was made of it. Append-only.
CREATE TABLE rail_answer (
    answer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text   NOT NULL,                  -- public id of a payout or a direct debit; whatever stood there, if it is none
    outcome   text   NOT NULL,
    reference text   NOT NULL,
    why       text   NOT NULL,
    said_on   date,
    source    text   NOT NULL,                  -- by which way it came: the rail, or a file
    fate      text   NOT NULL CHECK (fate IN ('moved', 'known', 'noted', 'contradicts', 'nobody')),
    came_at   timestamptz NOT NULL
);
CREATE INDEX rail_answer_key ON rail_answer (key);

-- How far the feed of a rail was heard.
CREATE TABLE rail_feed (
    rail   text   PRIMARY KEY,
    heard  bigint NOT NULL
);

-- The lender's own account: money is paid out from it and paid into it. The newest row counts; two people set it. Append-only.
CREATE TABLE house_account (
    account_no     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    holder         text   NOT NULL,
    account        text   NOT NULL,
    bank           text   NOT NULL,
    bank_code      text   NOT NULL,             -- CNAPS or BIC
    virtual_prefix text   NOT NULL,             -- empty: no virtual accounts
    virtual_digits integer NOT NULL,            -- how long a virtual account's number is, with its check digit
    approval       text   NOT NULL,
    set_at         timestamptz NOT NULL
);

-- By what a loan's money is recognised: a code for the remark, and an account of its own where the bank gives such.
CREATE TABLE pay_code (
    loan_id bigint PRIMARY KEY,
    code    text   NOT NULL,
    virtual text                                -- the virtual account's number
);
-- Codes and virtual accounts are unique over all loans; kept apart, for a loan's own table is spread by loan.
CREATE TABLE pay_code_registry (
    code    text   PRIMARY KEY,
    loan_id bigint NOT NULL
);
CREATE SEQUENCE virtual_account_seq;

-- The borrower's leave to collect what is due from his account. The text he agreed to is kept whole, and its digest stands in the journal.
CREATE TABLE mandate (
    loan_id        bigint  NOT NULL,
    mandate_no     integer NOT NULL,
    public_id      text    NOT NULL,
    state          text    NOT NULL CHECK (state IN ('drafted', 'active', 'cancelled', 'ended')),
    payer_label    text    NOT NULL,            -- masked
    account_masked text    NOT NULL,
    nonce          bytea   NOT NULL,
    sealed         bytea   NOT NULL,            -- the payer's name and account, under the borrower's own key
    lookup         bytea   NOT NULL,
    currency       text    NOT NULL,
    most_each      bigint  NOT NULL CHECK (most_each > 0),
    most_a_month   bigint  NOT NULL CHECK (most_a_month >= most_each),
    body           text    NOT NULL,            -- what the borrower agreed to, word for word; the account masked
    digest         text    NOT NULL,            -- of the body, to which the code is bound
    drafted_at     timestamptz NOT NULL,
    signed_at      timestamptz,
    ended_at       timestamptz,
    why            text    NOT NULL,
    PRIMARY KEY (loan_id, mandate_no),
    CHECK (state <> 'active' OR signed_at IS NOT NULL)
);
CREATE INDEX mandate_public ON mandate (public_id);
CREATE UNIQUE INDEX mandate_one_active ON mandate (loan_id) WHERE state = 'active';

-- One attempt to collect one instalment. `public_id` is the key that the rail knows it by.
CREATE TABLE debit (
    loan_id    bigint  NOT NULL,
    debit_no   integer NOT NULL,
    public_id  text    NOT NULL,
    mandate_no integer NOT NULL,
    n          integer NOT NULL,                -- the instalment
    due_on     date    NOT NULL,
    state      text    NOT NULL CHECK (state IN ('proposed', 'sent', 'unknown', 'collected', 'failed', 'returned', 'dropped')),
    amount     bigint  NOT NULL CHECK (amount > 0),
    currency   text    NOT NULL,
    on_date    date    NOT NULL,                -- the day on which it is attempted
    sent_at    timestamptz,
    reference  text    NOT NULL,
    why        text    NOT NULL,
    paid_on    date,
    enquiries  integer NOT NULL,
    enquire_at timestamptz,
    PRIMARY KEY (loan_id, debit_no),
    FOREIGN KEY (loan_id, mandate_no) REFERENCES mandate,
    CHECK (state <> 'collected' OR paid_on IS NOT NULL),
    CHECK (paid_on IS NULL OR state IN ('collected', 'returned')),  -- of a return that is heard first, no day of payment is known
    CHECK (state IN ('proposed', 'dropped') OR sent_at IS NOT NULL)
);
CREATE INDEX debit_public ON debit (public_id);
CREATE INDEX debit_under_way ON debit (state) WHERE state IN ('proposed', 'sent', 'unknown');
-- An instalment is collected by one attempt at a time.
CREATE UNIQUE INDEX debit_once ON debit (loan_id, n) WHERE state IN ('proposed', 'sent', 'unknown');

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
    state      text    NOT NULL
               CHECK (state IN ('read', 'matched', 'unmatched', 'ignored', 'duplicate', 'reversed', 'answered', 'returned', 'split')),
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
    about      text    NOT NULL,                -- the key of a payment of ours that the line tells of; empty for most
    part_of    bigint  REFERENCES bank_line,    -- the line that this one is a part of
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
