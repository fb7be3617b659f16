-- A borrower's promise to pay, in one or several parts. Its words about the borrower are figures and days only.
CREATE TABLE promise (
    loan_id      bigint  NOT NULL,
    promise_no   integer NOT NULL,
    public_id    text    NOT NULL,              -- 'pp_...'
    state        text    NOT NULL CHECK (state IN ('live', 'kept', 'broken', 'withdrawn')),
    made_on      date    NOT NULL,
    made_by      bigint  NOT NULL REFERENCES staff,
    after_event  integer NOT NULL,              -- receipts later than this event of the loan count
    grace_days   integer NOT NULL,              -- of the pack on the day it was made
    seq          integer NOT NULL,              -- the record that tells of it
    ended_on     date,
    PRIMARY KEY (loan_id, promise_no),
    UNIQUE (loan_id, public_id),
    CHECK ((state = 'live') = (ended_on IS NULL))
);
CREATE UNIQUE INDEX promise_one_live ON promise (loan_id) WHERE state = 'live';

CREATE TABLE promise_part (
    loan_id      bigint  NOT NULL,
    promise_no   integer NOT NULL,
    part_no      integer NOT NULL,
    pay_by       date    NOT NULL,
    amount       bigint  NOT NULL CHECK (amount > 0),
    PRIMARY KEY (loan_id, promise_no, part_no),
    FOREIGN KEY (loan_id, promise_no) REFERENCES promise
);
