-- A complaint of a borrower about how a loan is looked after. What was said and answered lies in files, sealed; the records hold digests.
CREATE TABLE complaint (
    loan_id       bigint  NOT NULL,
    complaint_no  integer NOT NULL,
    public_id     text    NOT NULL,             -- 'cm_...'
    state         text    NOT NULL CHECK (state IN ('open', 'extended', 'answered', 'escalated', 'final')),
    channel       text    NOT NULL,
    about         text    NOT NULL,             -- of the pack's list
    taken_on      date    NOT NULL,
    taken_at      timestamptz NOT NULL,
    taken_by      bigint REFERENCES staff,      -- NULL: the borrower, on their own page
    taken_seq     integer NOT NULL,
    answer_by     date    NOT NULL,             -- the last day of the step that it stands at
    in_duty       boolean NOT NULL,             -- whether a duty of the loan runs for that step
    outcome       text CHECK (outcome IN ('upheld', 'partly', 'not_upheld')),
    answered_on   date,                         -- of the last answer
    answered_by   bigint REFERENCES staff,      -- of the first answer: never that of the second level
    escalated_on  date,
    PRIMARY KEY (loan_id, complaint_no),
    UNIQUE (loan_id, public_id),
    CHECK ((state IN ('answered', 'escalated', 'final')) = (answered_by IS NOT NULL)),
    CHECK ((state IN ('escalated', 'final')) = (escalated_on IS NOT NULL)),
    CHECK (state NOT IN ('answered', 'final') OR (outcome IS NOT NULL AND answered_on IS NOT NULL))
);
CREATE UNIQUE INDEX complaint_one_open ON complaint (loan_id) WHERE state IN ('open', 'extended', 'escalated');
CREATE INDEX complaint_by_day ON complaint (taken_on);

-- Whom it complains of: neither they nor another log-in of theirs handles it.
CREATE TABLE complaint_against (
    loan_id       bigint  NOT NULL,
    complaint_no  integer NOT NULL,
    staff_id      bigint  NOT NULL REFERENCES staff,
    PRIMARY KEY (loan_id, complaint_no, staff_id),
    FOREIGN KEY (loan_id, complaint_no) REFERENCES complaint
);

-- Each thing that was said or done about it, in order, with its record. Never changed.
CREATE TABLE complaint_step (
    loan_id       bigint  NOT NULL,
    complaint_no  integer NOT NULL,
    step_no       integer NOT NULL,
    what          text    NOT NULL CHECK (what IN ('take', 'add', 'extend', 'answer', 'escalate')),
    at            timestamptz NOT NULL,
    staff_id      bigint REFERENCES staff,
    seq           integer NOT NULL,
    words_id      bigint  NOT NULL REFERENCES file (file_id),
    attached      bigint[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (loan_id, complaint_no, step_no),
    FOREIGN KEY (loan_id, complaint_no) REFERENCES complaint
);
