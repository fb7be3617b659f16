-- Double entry: a line names both accounts and one amount, so an unbalanced entry cannot be written.
CREATE TABLE gl_account (
    code text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('asset', 'liability', 'equity', 'income', 'expense'))
);

-- The sub-ledger: one line per loan event and pair of accounts. Append-only.
CREATE TABLE posting (
    loan_id        bigint  NOT NULL,
    event_no       integer NOT NULL,
    line           integer NOT NULL,
    on_date        date    NOT NULL,            -- business date it was booked
    debit_account  text    NOT NULL REFERENCES gl_account,
    credit_account text    NOT NULL REFERENCES gl_account,
    amount         bigint  NOT NULL CHECK (amount > 0),
    currency       text    NOT NULL,
    PRIMARY KEY (loan_id, event_no, line),
    CHECK (debit_account <> credit_account)
);

-- The general ledger: one line per act, product and pair of accounts. Append-only; a proof compares.
CREATE TABLE gl_entry (
    entry_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    on_date        date   NOT NULL,
    branch_id      bigint NOT NULL REFERENCES branch,
    product_code   text   NOT NULL,
    debit_account  text   NOT NULL REFERENCES gl_account,
    credit_account text   NOT NULL REFERENCES gl_account,
    amount         numeric(38, 0) NOT NULL CHECK (amount > 0),
    currency       text   NOT NULL,
    source         text   NOT NULL,             -- 'ln_… #7' or 'night 2026-11-22'
    recorded_at    timestamptz NOT NULL,
    CHECK (debit_account <> credit_account)
);
CREATE INDEX gl_entry_day ON gl_entry (on_date);

INSERT INTO gl_account (code, kind) VALUES
    ('bank', 'asset'), ('principal_receivable', 'asset'), ('interest_receivable', 'asset'), ('fee_receivable', 'asset'),
    ('penalty_receivable', 'asset'), ('borrower_credit', 'liability'), ('takeover_clearing', 'equity'), ('interest_income', 'income'),
    ('fee_income', 'income'), ('penalty_income', 'income'), ('recovery_income', 'income'), ('write_off_loss', 'expense');
