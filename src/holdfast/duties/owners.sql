-- Who is away, from and until which day (both included), and who stands in. While it lasts, what is theirs flows on by rule:
-- no duty row is written for it.
CREATE TABLE staff_absence (
    absence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id  text   NOT NULL UNIQUE,          -- 'ab_...'
    staff_id   bigint NOT NULL REFERENCES staff,
    from_on    date   NOT NULL,
    until_on   date   NOT NULL,
    stand_in   bigint REFERENCES staff,         -- null: back to the role's queue
    reason     text   NOT NULL,
    placed_by  bigint NOT NULL REFERENCES staff,
    placed_at  timestamptz NOT NULL,
    back_on    date,                            -- the first day back, where that is earlier than planned
    CHECK (until_on >= from_on),
    CHECK (stand_in <> staff_id)
);
CREATE INDEX staff_absence_staff ON staff_absence (staff_id, until_on);

-- Many duties that changed hands by one act; the house's record names the digest of the lines. Append-only.
CREATE TABLE duty_move (
    move_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id  text   NOT NULL UNIQUE,          -- 'dm_...'
    from_staff bigint REFERENCES staff,         -- null: from the role's queue
    to_staff   bigint REFERENCES staff,         -- null: back to the role's queue
    role       text   NOT NULL,
    lines      integer NOT NULL CHECK (lines > 0),
    digest     text   NOT NULL,
    reason     text   NOT NULL,
    moved_by   bigint NOT NULL REFERENCES staff,
    moved_at   timestamptz NOT NULL,
    record_seq integer NOT NULL                 -- in the house's chain
);
CREATE TABLE duty_move_line (
    loan_id bigint  NOT NULL,
    duty_no integer NOT NULL,
    move_id bigint  NOT NULL,
    PRIMARY KEY (loan_id, duty_no, move_id)
);

-- What each day asked for and what was shown to be done by its end, as the house's chain states it. Append-only.
CREATE TABLE coverage_statement (
    on_date    date   PRIMARY KEY,
    live       bigint NOT NULL,                 -- loans with an open duty at the end of the day
    due        bigint NOT NULL,
    reminded   bigint NOT NULL,
    proved     bigint NOT NULL,
    late       bigint NOT NULL,
    missing    bigint NOT NULL,
    unproved   bigint NOT NULL,
    record_seq integer NOT NULL,
    stated_at  timestamptz NOT NULL,
    CHECK (due = proved + late + missing + unproved)
);
