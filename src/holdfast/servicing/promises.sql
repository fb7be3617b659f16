-- A borrower's word to pay by a day, as a person noted it. Whether it was kept is read from what came in. Append-only.
CREATE TABLE payment_promise (
    loan_id    bigint  NOT NULL,
    record_seq integer NOT NULL,                -- the note on the loan's chain
    made_on    date    NOT NULL,
    pay_by     date    NOT NULL,
    PRIMARY KEY (loan_id, record_seq, pay_by),
    CHECK (pay_by >= made_on)
);
CREATE INDEX payment_promise_day ON payment_promise (pay_by);
-- Loans that are frozen and things that are not where they should be: few, and asked for by every queue.
CREATE INDEX loan_freeze_stands ON loan_freeze (loan_id) WHERE lifted_seq IS NULL;
CREATE INDEX custody_item_missing ON custody_item (thing_id) WHERE state = 'missing';
