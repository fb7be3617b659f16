-- A periodic review of a borrower in business: begun by call, video or visit, answered by a form, made with a conclusion.
-- What was answered and said lies sealed under the borrower's own key.
CREATE TABLE business_review (
    loan_id      bigint  NOT NULL,
    review_no    integer NOT NULL,
    public_id    text    NOT NULL,              -- 'rv_...'
    state        text    NOT NULL CHECK (state IN ('begun', 'made', 'read', 'given_up')),
    means        text    NOT NULL CHECK (means IN ('call', 'video', 'visit')),
    visit_no     integer,                       -- the visit by two at which it was made
    form         text    NOT NULL,              -- the version of the questions
    rule         text    NOT NULL,              -- the rule of contact that allowed it
    begun_at     timestamptz NOT NULL,
    begun_by     bigint  NOT NULL REFERENCES staff,
    reached_at   timestamptz,                   -- when the call was answered
    answers_id   bigint  REFERENCES file (file_id),
    conclusion   text CHECK (conclusion IN ('fine', 'watch', 'worse')),
    said_id      bigint  REFERENCES file (file_id),
    made_on      date,
    made_by      bigint  REFERENCES staff,
    next_due_on  date,
    read_at      timestamptz,
    read_by      bigint  REFERENCES staff,
    read_id      bigint  REFERENCES file (file_id),
    ended_why    text,
    PRIMARY KEY (loan_id, review_no),
    UNIQUE (loan_id, public_id),
    FOREIGN KEY (loan_id, visit_no) REFERENCES visit,
    CHECK ((means = 'visit') = (visit_no IS NOT NULL)),
    CHECK ((state IN ('made', 'read')) = (made_on IS NOT NULL)),
    CHECK ((made_on IS NULL) = (made_by IS NULL) AND (made_on IS NULL) = (conclusion IS NULL) AND (made_on IS NULL) = (said_id IS NULL)
           AND (made_on IS NULL) = (next_due_on IS NULL)),
    CHECK (made_on IS NULL OR answers_id IS NOT NULL),
    CHECK ((state = 'read') = (read_at IS NOT NULL) AND (read_at IS NULL) = (read_by IS NULL) AND (read_at IS NULL) = (read_id IS NULL)),
    CHECK (read_by <> made_by),
    CHECK ((state = 'given_up') = (ended_why IS NOT NULL))
);
CREATE UNIQUE INDEX business_review_one_begun ON business_review (loan_id) WHERE state = 'begun';

CREATE TABLE business_review_photo (
    loan_id   bigint  NOT NULL,
    review_no integer NOT NULL,
    file_id   bigint  NOT NULL REFERENCES file,
    PRIMARY KEY (loan_id, review_no, file_id),
    FOREIGN KEY (loan_id, review_no) REFERENCES business_review
);
CREATE INDEX party_firm ON party (party_id) WHERE kind = 'firm';
CREATE INDEX loan_party ON loan (party_id) WHERE party_id IS NOT NULL;
-- The list of reviews, and the night, find the few duties about them among all.
CREATE INDEX duty_review ON duty (due_on, loan_id) WHERE open AND kind IN ('business_review', 'review_reading');
