-- A request for other terms. Both schedules stand in `comparison` as they were shown; the record holds its digest.
CREATE TABLE restructuring (
    loan_id        bigint  NOT NULL,
    request_no     integer NOT NULL,
    public_id      text    NOT NULL,            -- 'rs_...'
    state          text    NOT NULL CHECK (state IN ('proposed', 'asked', 'seconded', 'agreed', 'refused', 'withdrawn', 'reversed')),
    kind           text    NOT NULL,
    reason         text    NOT NULL CHECK (reason IN ('income_late', 'income_less', 'unforeseen_cost', 'other')),
    comparison     text    NOT NULL,            -- canonical JSON, the change asked for within
    asked_on       date    NOT NULL,
    asked_at       timestamptz NOT NULL,
    asked_by       text    NOT NULL,            -- the party's public id, or the staff member's
    asked_role     text    NOT NULL,
    asked_staff_id bigint,
    asked_seq      integer NOT NULL,
    consented_at   timestamptz,
    consent_seq    integer,                     -- the borrower's own agreement, by a code bound to the figures
    decided_at     timestamptz,
    decided_seq    integer,
    event_no       integer,                     -- the loan's event that brought it about
    reversed_seq   integer,
    PRIMARY KEY (loan_id, request_no),
    UNIQUE (loan_id, public_id),
    CHECK ((state IN ('proposed', 'asked', 'seconded')) = (decided_seq IS NULL) AND (decided_seq IS NULL) = (decided_at IS NULL)),
    CHECK (decided_seq > asked_seq AND consent_seq > asked_seq AND reversed_seq > decided_seq),
    CHECK ((consented_at IS NULL) = (consent_seq IS NULL)),
    CHECK ((state IN ('agreed', 'reversed')) = (event_no IS NOT NULL)),
    CHECK ((state = 'reversed') = (reversed_seq IS NOT NULL)),
    CHECK (kind = 'defer' OR state IN ('proposed', 'refused', 'withdrawn') OR consent_seq IS NOT NULL)
);
CREATE UNIQUE INDEX restructuring_one_open ON restructuring (loan_id) WHERE state IN ('proposed', 'asked', 'seconded');

-- What each person of the lender said to a request: one word each, never changed.
CREATE TABLE restructuring_answer (
    loan_id    bigint  NOT NULL,
    request_no integer NOT NULL,
    answer_no  integer NOT NULL,
    staff_id   bigint  NOT NULL,
    agreed     boolean NOT NULL,
    words      text    NOT NULL,
    at         timestamptz NOT NULL,
    seq        integer NOT NULL,
    PRIMARY KEY (loan_id, request_no, answer_no),
    UNIQUE (loan_id, request_no, staff_id),
    FOREIGN KEY (loan_id, request_no) REFERENCES restructuring
);

-- A hardship programme: one act that gives many loans more time, agreed to by two people as it was shown. Its chain is its own.
CREATE TABLE programme (
    programme_id  bigint PRIMARY KEY,           -- its chain in the journal
    public_id     text   NOT NULL UNIQUE,       -- 'hp_...'
    state         text   NOT NULL CHECK (state IN ('planned', 'asked', 'dropped', 'refused', 'running', 'done', 'reversing', 'reversed')),
    name          text   NOT NULL,
    cause         text   NOT NULL CHECK (cause IN ('flood', 'earthquake', 'epidemic', 'closure', 'other')),
    chosen        text   NOT NULL,              -- canonical JSON
    change        text   NOT NULL,              -- canonical JSON of servicing.Rearrangement
    shown         text   NOT NULL,              -- digest of what is agreed to
    currency      text   NOT NULL,
    planned_on    date   NOT NULL,
    planned_at    timestamptz NOT NULL,
    planned_by    bigint NOT NULL REFERENCES staff,
    request       text,                         -- the approval that is asked for, 'aq_...'
    decided_by    bigint REFERENCES staff,
    reversal      text,                         -- the approval of taking it back
    reverse_why   text   NOT NULL DEFAULT '',
    reversed_by   bigint REFERENCES staff
);
CREATE INDEX programme_working ON programme (programme_id) WHERE state IN ('running', 'reversing');

CREATE TABLE programme_loan (
    loan_id      bigint  NOT NULL,
    programme_id bigint  NOT NULL REFERENCES programme,
    outcome      text    NOT NULL CHECK (outcome IN ('planned', 'left_out', 'given', 'moved', 'taken_back', 'kept')),
    principal    bigint  NOT NULL,
    was_due_on   date,
    due_on       date,
    extra        bigint  NOT NULL,
    why          text    NOT NULL DEFAULT '',
    shown        text    NOT NULL DEFAULT '',   -- digest of what is done to this loan
    event_no     integer,
    PRIMARY KEY (loan_id, programme_id),
    CHECK ((outcome IN ('given', 'taken_back', 'kept')) = (event_no IS NOT NULL))
);
CREATE INDEX programme_loan_waiting ON programme_loan (programme_id, outcome, loan_id);
