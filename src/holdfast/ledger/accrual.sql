-- Interest earned day by day, kept by product and branch. A loan writes only the change of its own line: what it has accrued on a
-- day is `constant + daily * (that day's number)`, in billionths of a minor unit; days are numbered from 0001-01-01 as 1.

ALTER TABLE account ADD COLUMN accrued_daily numeric(38, 0) NOT NULL DEFAULT 0;      -- the loan's line, as its last change left it
ALTER TABLE account ADD COLUMN accrued_constant numeric(38, 0) NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN non_accrual_since date;          -- impaired: from then on its unpaid interest is kept off income
CREATE INDEX account_non_accrual ON account (loan_id) WHERE non_accrual_since IS NOT NULL;
CREATE INDEX account_floor ON account (loan_id) WHERE class_floor <> 'pass';

-- What an act changed of the lines of a product's loans. Append-only.
CREATE TABLE accrual_delta (
    delta_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    on_date      date   NOT NULL,               -- business date of the act
    branch_id    bigint NOT NULL REFERENCES branch,
    product_code text   NOT NULL,
    currency     text   NOT NULL,
    kind         text   NOT NULL CHECK (kind IN ('accrued', 'suspended')),
    daily        numeric(38, 0) NOT NULL,
    constant     numeric(38, 0) NOT NULL,
    lost         numeric(38, 0) NOT NULL,       -- of what is suspended: minor units that ended because they were written off
    stood_on     date,                          -- the last night that the act knew of; NULL before the first
    entered      numeric(38, 0) NOT NULL DEFAULT 0, -- what the act entered at once, as of that night: minor units
    source       text   NOT NULL,
    recorded_at  timestamptz NOT NULL
);
CREATE INDEX accrual_delta_day ON accrual_delta (on_date);

-- A night's fold of the deltas, and where it left each product. Append-only.
CREATE TABLE accrual_run (
    run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    on_date     date   NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE TABLE accrual_level (
    run_id       bigint NOT NULL REFERENCES accrual_run,
    branch_id    bigint NOT NULL REFERENCES branch,
    product_code text   NOT NULL,
    currency     text   NOT NULL,
    kind         text   NOT NULL,
    daily        numeric(38, 0) NOT NULL,
    constant     numeric(38, 0) NOT NULL,
    lost         numeric(38, 0) NOT NULL,
    minor        numeric(38, 0) NOT NULL,       -- what stands in the general ledger: the line on `on_date`, rounded once
    PRIMARY KEY (run_id, branch_id, product_code, currency, kind)
);
-- Which deltas are in the fold: an act may commit while the night of its day runs, and is then folded by the next. Append-only.
CREATE TABLE accrual_folded (
    delta_id bigint PRIMARY KEY REFERENCES accrual_delta,
    run_id   bigint NOT NULL REFERENCES accrual_run
);

-- What a stage posts that is no loan's: the sub-ledger of drawers and provisions. Append-only.
CREATE TABLE house_posting (
    posting_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    about          text   NOT NULL,             -- the public id of what it is about
    on_date        date   NOT NULL,
    branch_id      bigint NOT NULL REFERENCES branch,
    product_code   text   NOT NULL,
    debit_account  text   NOT NULL REFERENCES gl_account,
    credit_account text   NOT NULL REFERENCES gl_account,
    amount         numeric(38, 0) NOT NULL CHECK (amount > 0),
    currency       text   NOT NULL,
    CHECK (debit_account <> credit_account)
);

INSERT INTO gl_account (code, kind) VALUES
    ('cash', 'asset'), ('accrued_interest', 'asset'), ('loan_loss_provision', 'asset'), ('cash_difference', 'asset'),
    ('interest_suspense', 'liability'), ('provision_expense', 'expense'), ('cash_loss', 'expense');

-- The day up to which interest is in the general ledger: that of the last night's fold.
ALTER TABLE lender ADD COLUMN accrued_through date;

-- The latest day of the months that are closed. The general ledger takes no entry up to it.
ALTER TABLE lender ADD COLUMN closed_through date;
CREATE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.on_date <= (SELECT closed_through FROM lender) THEN
        RAISE EXCEPTION 'the general ledger is closed through %; no entry dated % is taken', (SELECT closed_through FROM lender), NEW.on_date
            USING ERRCODE = 'check_violation', CONSTRAINT = 'gl_entry_open_day';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER gl_entry_open_day BEFORE INSERT ON gl_entry FOR EACH ROW EXECUTE FUNCTION refuse_closed_day();

-- The one pass over the book at a month's end. Append-only.
CREATE TABLE month_end (
    snapshot_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id    text   NOT NULL UNIQUE,        -- 'me_...'
    chain_id     bigint NOT NULL UNIQUE,        -- its one record in the journal
    month_ends   date   NOT NULL,
    loans        bigint NOT NULL,
    root         text   NOT NULL,               -- over its lines, in order of loan: RFC 6962, in hex
    taken_at     timestamptz NOT NULL
);
CREATE TABLE month_end_loan (
    loan_id      bigint NOT NULL,
    snapshot_id  bigint NOT NULL REFERENCES month_end,
    public_id    text   NOT NULL,
    branch_id    bigint NOT NULL,
    product_code text   NOT NULL,
    currency     text   NOT NULL,
    state        text   NOT NULL,
    principal    bigint NOT NULL,
    interest_due bigint NOT NULL,               -- billed and not paid
    accrued      bigint NOT NULL,               -- earned and not yet due
    suspended    bigint NOT NULL,               -- of both, kept off income
    days_late    integer NOT NULL,
    class        text   NOT NULL,
    provision    bigint NOT NULL,
    PRIMARY KEY (loan_id, snapshot_id)
);
CREATE INDEX month_end_loan_snapshot ON month_end_loan (snapshot_id, loan_id);

-- A month closed, and opened again. Append-only.
CREATE TABLE period_close (
    close_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chain_id    bigint NOT NULL,
    month_ends  date   NOT NULL,
    was_through date,                           -- through which day the ledger was closed before
    snapshot_id bigint NOT NULL REFERENCES month_end,
    entries     bigint NOT NULL,
    digest      text   NOT NULL,                -- over all entries up to the day
    suspense    text   NOT NULL,                -- what was in suspense: canonical JSON
    closed_by   bigint NOT NULL REFERENCES staff,
    closed_at   timestamptz NOT NULL
);
CREATE TABLE period_reopen (
    close_id    bigint PRIMARY KEY REFERENCES period_close,
    reason      text   NOT NULL,
    approval    text   NOT NULL,
    reopened_by bigint NOT NULL REFERENCES staff,
    reopened_at timestamptz NOT NULL
);
