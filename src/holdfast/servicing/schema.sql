-- State = fold(terms, events). What is derived is kept beside it and proved against the fold by `books verify`.

-- The contract's terms as agreed; never changed. A later agreement is a later event.
CREATE TABLE loan_terms (
    loan_id bigint PRIMARY KEY,
    terms   text   NOT NULL                     -- canonical JSON of products.terms.Terms
);

-- Append-only.
CREATE TABLE loan_event (
    loan_id     bigint  NOT NULL,
    event_no    integer NOT NULL,
    kind        text    NOT NULL CHECK (kind IN ('disbursed', 'taken_over', 'receipt', 'instalment_due', 'reversal', 'written_off', 'refund')),
    on_date     date    NOT NULL,               -- value date
    entered_on  date    NOT NULL,               -- business date we learned of it; later than on_date means backdated
    payload     text    NOT NULL,               -- canonical JSON
    record_seq  integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (loan_id, event_no)
);

CREATE TABLE instalment (
    loan_id        bigint  NOT NULL,
    n              integer NOT NULL,
    due_on         date    NOT NULL,
    principal      bigint  NOT NULL,
    interest       bigint  NOT NULL,
    fee            bigint  NOT NULL,
    penalty        bigint  NOT NULL,
    principal_paid bigint  NOT NULL,
    interest_paid  bigint  NOT NULL,
    fee_paid       bigint  NOT NULL,
    penalty_paid   bigint  NOT NULL,
    paid_on        date,                        -- when its last part was paid
    PRIMARY KEY (loan_id, n),
    CHECK (principal_paid BETWEEN 0 AND principal AND interest_paid BETWEEN 0 AND interest
           AND fee_paid BETWEEN 0 AND fee AND penalty_paid BETWEEN 0 AND penalty)
) WITH (fillfactor = 80);

-- How each event's money fell on the instalments; a replay appends the difference. Append-only.
CREATE TABLE allocation (
    loan_id   bigint  NOT NULL,
    event_no  integer NOT NULL,
    n         integer NOT NULL,
    principal bigint  NOT NULL,
    interest  bigint  NOT NULL,
    fee       bigint  NOT NULL,
    penalty   bigint  NOT NULL,
    PRIMARY KEY (loan_id, event_no, n)
);

-- One row a loan: what screens and the night need. Cumulative totals drive the postings (servicing/books.py).
CREATE TABLE account (
    loan_id              bigint PRIMARY KEY,
    next_event_on        date,                  -- the night touches the loan when this has come
    oldest_unpaid_due_on date,
    next_due_on          date,
    next_due_amount      bigint NOT NULL,
    last_event_no        integer NOT NULL,
    last_event_on        date NOT NULL,         -- latest value date; an earlier receipt replays the fold
    billed_through       date NOT NULL,         -- instalments due up to here have had their interest booked
    reminded_through     date NOT NULL,         -- reminder moments up to here are done
    followed_through     date NOT NULL,         -- follow-up moments up to here are done
    promised_for         date NOT NULL,         -- the latest reminder moment whose message is in the outbox
    class_floor          text NOT NULL DEFAULT 'pass',
    observe_until        date,
    paid_off_on          date,
    written_off_on       date,
    charges_barred       boolean NOT NULL DEFAULT false,   -- taken over above a ceiling: no new charge may be put on it
    disbursed            bigint NOT NULL,
    taken_over           bigint NOT NULL,
    interest_earned      bigint NOT NULL,
    fee_charged          bigint NOT NULL,
    penalty_charged      bigint NOT NULL,
    principal_paid       bigint NOT NULL,
    interest_paid        bigint NOT NULL,
    fee_paid             bigint NOT NULL,
    penalty_paid         bigint NOT NULL,
    overpaid             bigint NOT NULL,
    principal_written_off bigint NOT NULL,
    interest_written_off bigint NOT NULL,
    recovered            bigint NOT NULL,
    refunded             bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX account_next_event ON account (next_event_on) WHERE next_event_on IS NOT NULL;
CREATE INDEX account_oldest_unpaid ON account (oldest_unpaid_due_on) WHERE oldest_unpaid_due_on IS NOT NULL;
