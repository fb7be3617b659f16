-- A request for more time. Both schedules stand in `comparison` as they were shown; the record holds its digest.
CREATE TABLE deferral (
    loan_id          bigint  NOT NULL,
    deferral_no      integer NOT NULL,
    public_id        text    NOT NULL,          -- 'df_...'
    state            text    NOT NULL CHECK (state IN ('asked', 'agreed', 'refused', 'withdrawn')),
    months           integer NOT NULL CHECK (months > 0),
    reason           text    NOT NULL CHECK (reason IN ('income_late', 'income_less', 'unforeseen_cost', 'other')),
    comparison       text    NOT NULL,          -- canonical JSON
    asked_on         date    NOT NULL,
    asked_at         timestamptz NOT NULL,
    asked_by         text    NOT NULL,          -- the party's public id, or the staff member's
    asked_role       text    NOT NULL,
    asked_staff_id   bigint,
    asked_seq        integer NOT NULL,
    decided_at       timestamptz,
    decided_staff_id bigint,
    decided_seq      integer,
    words            text    NOT NULL DEFAULT '',
    event_no         integer,                   -- the loan's event that moved the dates
    PRIMARY KEY (loan_id, deferral_no),
    UNIQUE (loan_id, public_id),
    CHECK ((state = 'asked') = (decided_seq IS NULL) AND (decided_seq IS NULL) = (decided_at IS NULL)),
    CHECK (decided_seq > asked_seq),
    CHECK ((state = 'agreed') = (event_no IS NOT NULL))
);
CREATE UNIQUE INDEX deferral_one_asked ON deferral (loan_id) WHERE state = 'asked';
