-- A field visit: planned by one, made by two people, reported by either and confirmed by the other.
-- Where somebody lives, and where the visitors stood, lies sealed under the borrower's own key.
CREATE TABLE visit (
    loan_id      bigint  NOT NULL,
    visit_no     integer NOT NULL,
    public_id    text    NOT NULL,              -- 'vs_...'
    state        text    NOT NULL CHECK (state IN ('planned', 'begun', 'reported', 'confirmed', 'cancelled')),
    reason       text    NOT NULL CHECK (reason IN ('unreachable', 'promise_broken', 'arrears', 'collateral', 'review')),
    planned_for  timestamptz NOT NULL,
    planned_at   timestamptz NOT NULL,
    planned_by   bigint  NOT NULL REFERENCES staff,
    first_id     bigint  NOT NULL REFERENCES staff,
    second_id    bigint  NOT NULL REFERENCES staff,
    place_id     bigint  NOT NULL REFERENCES file (file_id),    -- the address with its point if one is known, and why we go
    begun_at     timestamptz,
    rule         text,                          -- the rule of contact that allowed it, asked at the door
    reported_at  timestamptz,
    reported_by  bigint  REFERENCES staff,
    met          text CHECK (met IN ('borrower', 'somebody_else', 'nobody', 'wrong_place')),
    told         text CHECK (told IN ('nobody', 'borrower', 'somebody_else')),
    outcome      text CHECK (outcome IN ('promised', 'will_pay_now', 'cannot_pay', 'disputes', 'refused_to_talk', 'agreed', 'nothing')),
    said_id      bigint  REFERENCES file (file_id),             -- what was said and seen
    seen_id      bigint  REFERENCES file (file_id),             -- where they stood: point, accuracy, and whether typed in
    confirmed_at timestamptz,
    confirmed_by bigint  REFERENCES staff,
    ended_why    text,
    PRIMARY KEY (loan_id, visit_no),
    UNIQUE (loan_id, public_id),
    CHECK (first_id <> second_id),
    CHECK ((begun_at IS NULL) = (rule IS NULL)),
    CHECK (state NOT IN ('begun', 'reported', 'confirmed') OR begun_at IS NOT NULL),
    CHECK ((reported_at IS NULL) = (reported_by IS NULL) AND (reported_at IS NULL) = (met IS NULL) AND (met IS NULL) = (told IS NULL)),
    CHECK ((state IN ('reported', 'confirmed')) = (reported_at IS NOT NULL)),
    CHECK (reported_by IN (first_id, second_id) AND confirmed_by IN (first_id, second_id) AND confirmed_by <> reported_by),
    CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL AND confirmed_by IS NOT NULL)),
    CHECK ((state = 'cancelled') = (ended_why IS NOT NULL))
);
CREATE UNIQUE INDEX visit_one_open ON visit (loan_id) WHERE state IN ('planned', 'begun', 'reported');

CREATE TABLE visit_photo (
    loan_id  bigint  NOT NULL,
    visit_no integer NOT NULL,
    file_id  bigint  NOT NULL REFERENCES file,
    PRIMARY KEY (loan_id, visit_no, file_id),
    FOREIGN KEY (loan_id, visit_no) REFERENCES visit
);
