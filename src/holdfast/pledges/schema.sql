-- Pledges: the right over the thing, from delivery to the day it is lifted.

-- A right over one thing. Its number is its chain in the journal.
CREATE TABLE pledge (
    pledge_id    bigint PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id    text   NOT NULL UNIQUE,
    thing_id     bigint NOT NULL REFERENCES thing,
    item_id      bigint NOT NULL REFERENCES custody_item,
    state        text   NOT NULL CHECK (state IN ('drafted', 'delivered', 'lifted', 'disposed', 'void')),
    drafted_on   date   NOT NULL,
    delivered_on date,
    ended_on     date,
    how          text   NOT NULL DEFAULT '',    -- why it ended
    taken_by     bigint NOT NULL REFERENCES staff,
    witness      bigint REFERENCES staff,
    receipt_id   bigint REFERENCES file,
    request      text,                          -- the approval that its delivery rests on
    CHECK (witness <> taken_by),
    CHECK ((state IN ('drafted', 'void')) = (delivered_on IS NULL)),
    CHECK ((state IN ('drafted', 'delivered')) = (ended_on IS NULL))
);
CREATE INDEX pledge_thing ON pledge (thing_id);
-- Which pledge secures which loan, under either key, written in one transaction with a record on both chains. Append-only.
CREATE TABLE loan_pledge (
    loan_id   bigint  NOT NULL,
    pledge_id bigint  NOT NULL,
    seq       integer NOT NULL,                 -- the record on the loan's chain
    PRIMARY KEY (loan_id, pledge_id)
);
CREATE TABLE pledge_loan (
    pledge_id bigint  NOT NULL,
    loan_id   bigint  NOT NULL,
    seq       integer NOT NULL,                 -- the record on the pledge's chain
    PRIMARY KEY (pledge_id, loan_id)
);
CREATE TABLE pledge_photo (
    pledge_id bigint NOT NULL REFERENCES pledge,
    what      text   NOT NULL,
    file_id   bigint NOT NULL REFERENCES file,
    PRIMARY KEY (pledge_id, what)
);

-- What we paid for things that were lost in our custody: the sub-ledger of the account `custody_loss`. Append-only.
CREATE TABLE custody_loss_posting (
    pledge_id      bigint PRIMARY KEY REFERENCES pledge,   -- a loss is made good once
    on_date        date   NOT NULL,
    branch_id      bigint NOT NULL REFERENCES branch,
    product_code   text   NOT NULL,
    debit_account  text   NOT NULL REFERENCES gl_account,
    credit_account text   NOT NULL REFERENCES gl_account,
    amount         bigint NOT NULL CHECK (amount > 0),
    currency       text   NOT NULL,
    CHECK (debit_account <> credit_account)
);
INSERT INTO gl_account (code, kind) VALUES ('custody_loss', 'expense');
