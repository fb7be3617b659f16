-- What must be done for a loan by a moment. Why the key has this shape: docs/decisions/0003-duty-moments.md.
CREATE TABLE duty (
    loan_id    bigint      NOT NULL,
    duty_no    integer     NOT NULL,
    kind       text        NOT NULL,            -- a line of life.DUTIES
    about      text        NOT NULL,            -- what exactly: 'i3 T-7', 'dpd 3'; one duty per (kind, about) and loan
    due_on     date        NOT NULL,
    due_at     timestamptz NOT NULL,
    window_from timestamptz NOT NULL,           -- when work on it may begin; escalation counts from here
    role       text        NOT NULL,
    owner_id   bigint,                          -- staff who took it
    attempts   integer     NOT NULL DEFAULT 0,
    opened_seq integer     NOT NULL,
    open       boolean     NOT NULL,
    proof_seq  integer,
    closed_on  date,
    of_live    boolean GENERATED ALWAYS AS (CASE WHEN open THEN true END) STORED,
    PRIMARY KEY (loan_id, duty_no),
    UNIQUE (loan_id, duty_no, open, due_at),
    CHECK (open = (proof_seq IS NULL)),
    CHECK (open = (closed_on IS NULL)),
    CHECK (proof_seq > opened_seq),
    FOREIGN KEY (loan_id, opened_seq) REFERENCES record DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (loan_id, proof_seq) REFERENCES record DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (loan_id, of_live) REFERENCES loan (loan_id, duty_open) DEFERRABLE INITIALLY DEFERRED,
    EXCLUDE USING btree (loan_id WITH =, kind WITH =) WHERE (open) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 80);
CREATE INDEX duty_due ON duty (due_at) WHERE open;
CREATE INDEX duty_owner ON duty (owner_id) WHERE open;

ALTER TABLE loan ADD FOREIGN KEY (loan_id, duty_no, duty_open, next_action_at)
    REFERENCES duty (loan_id, duty_no, open, due_at) DEFERRABLE INITIALLY DEFERRED;

-- What each audit found: the figures, and the first findings of each list. Append-only.
CREATE TABLE duty_audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of    date    NOT NULL,
    loans    bigint  NOT NULL,
    expected bigint  NOT NULL,
    missing  bigint  NOT NULL,
    late     bigint  NOT NULL,
    unproved bigint  NOT NULL,
    findings text    NOT NULL,                  -- canonical JSON
    ran_at   timestamptz NOT NULL
);
