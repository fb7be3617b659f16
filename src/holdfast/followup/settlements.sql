-- A debt that is to end for less than is owed. Figures and days only: why it is done and what was said stand in the journal.
CREATE TABLE settlement (
    loan_id       bigint  NOT NULL,
    settlement_no integer NOT NULL,
    public_id     text    NOT NULL,             -- 'se_...'
    state         text    NOT NULL CHECK (state IN ('offered', 'approved', 'running', 'kept', 'broken', 'refused', 'withdrawn', 'lapsed',
                                                    'overtaken')),
    reason        text    NOT NULL,             -- a code
    means         text    NOT NULL,             -- a code: where the money is to come from
    offered_on    date    NOT NULL,
    offered_by    bigint  NOT NULL REFERENCES staff,
    agree_by      date    NOT NULL,             -- decided and agreed to by the end of that day, or it lapses
    grace_days    integer NOT NULL,             -- of the pack on the day it was offered
    figures       text    NOT NULL,             -- canonical JSON: what is owed and what is forgiven, by part, as everybody was shown it
    shown         text    NOT NULL,             -- digest of the terms: what is decided on and agreed to
    request       text    NOT NULL,             -- the approval that was asked for, 'aq_...'
    offered_seq   integer NOT NULL,
    decided_seq   integer,
    agreed_seq    integer,
    agreed_on     date,
    after_event   integer,                      -- receipts later than this event of the loan count
    paper         text,                         -- the agreement, a file
    ended_on      date,
    forgiven_no   integer,                      -- the loan's event that gave up the rest; none where nothing was left to give up
    PRIMARY KEY (loan_id, settlement_no),
    UNIQUE (loan_id, public_id),
    CHECK ((state IN ('running', 'kept', 'broken')) <= (agreed_seq IS NOT NULL)),
    CHECK ((agreed_seq IS NULL) = (agreed_on IS NULL) AND (agreed_seq IS NULL) = (after_event IS NULL)),
    CHECK ((state IN ('offered', 'approved', 'running')) = (ended_on IS NULL)),
    CHECK (forgiven_no IS NULL OR state = 'kept')
);
CREATE UNIQUE INDEX settlement_one_open ON settlement (loan_id) WHERE state IN ('offered', 'approved', 'running', 'kept');
CREATE INDEX settlement_open ON settlement (state, loan_id) WHERE state IN ('offered', 'approved', 'running');

CREATE TABLE settlement_part (
    loan_id       bigint  NOT NULL,
    settlement_no integer NOT NULL,
    part_no       integer NOT NULL,
    pay_by        date    NOT NULL,
    amount        bigint  NOT NULL CHECK (amount > 0),
    PRIMARY KEY (loan_id, settlement_no, part_no),
    FOREIGN KEY (loan_id, settlement_no) REFERENCES settlement
);
