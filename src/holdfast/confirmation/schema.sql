-- Where the confirmation of a loan stands. A loan without a row waits for its first call.
CREATE TABLE confirmation (
    loan_id      bigint  PRIMARY KEY,
    state        text    NOT NULL CHECK (state IN ('waiting', 'in_call', 'to_call_back', 'confirmed', 'failed')),
    call_back_at timestamptz,
    failure      text,
    facts        text,                          -- canonical JSON of what was confirmed: sums and codes, nothing private
    facts_digest text,
    CHECK ((state = 'confirmed') = (facts_digest IS NOT NULL)),
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CHECK ((state = 'to_call_back') = (call_back_at IS NOT NULL))
);

-- Each attempt to reach the borrower, under one version of the script.
CREATE TABLE confirmation_call (
    loan_id        bigint  NOT NULL,
    call_no        integer NOT NULL,
    public_id      text    NOT NULL,
    by_staff       bigint  NOT NULL REFERENCES staff,
    language       text    NOT NULL,
    script         text    NOT NULL,
    script_version integer NOT NULL,
    script_digest  text    NOT NULL,
    rule           text    NOT NULL,            -- the pack's rule that allowed the call
    dialled_at     timestamptz NOT NULL,
    answered_at    timestamptz,
    ended_at       timestamptz,
    outcome        text CHECK (outcome IN ('no_answer', 'busy', 'powered_off', 'wrong_number', 'hung_up', 'refused', 'call_back',
                                           'answered', 'stopped')),
    recording      boolean,                     -- the borrower's yes or no to being recorded; NULL: not asked
    recording_file text,                        -- public id of the file
    code_id        text,                        -- the code that was sent in it
    bound          text,                        -- digest of the facts that the code stands for
    PRIMARY KEY (loan_id, call_no),
    UNIQUE (loan_id, public_id),
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK (recording_file IS NULL OR recording)
);
-- One call at a time for a loan.
CREATE UNIQUE INDEX confirmation_call_open ON confirmation_call (loan_id) WHERE ended_at IS NULL;

-- What was answered to each step; the borrower's own words are sealed. Append-only.
CREATE TABLE confirmation_answer (
    loan_id   bigint  NOT NULL,
    call_no   integer NOT NULL,
    answer_no integer NOT NULL,
    step      text    NOT NULL,
    code      text    NOT NULL,                 -- an answer of the script; never what was said
    passed    boolean NOT NULL,
    mark      integer NOT NULL,                 -- seconds into the call
    nonce     bytea,
    sealed    bytea,
    PRIMARY KEY (loan_id, call_no, answer_no),
    FOREIGN KEY (loan_id, call_no) REFERENCES confirmation_call
);

-- What the caller noticed. Kept apart: for people who look again, never for the score. Append-only.
CREATE TABLE call_observation (
    loan_id        bigint  NOT NULL,
    observation_no integer NOT NULL,
    call_no        integer NOT NULL,
    kind           text    NOT NULL,
    mark           integer NOT NULL,
    by_staff       bigint  NOT NULL REFERENCES staff,
    seen_at        timestamptz NOT NULL,
    nonce          bytea   NOT NULL,            -- the evidence, sealed
    sealed         bytea   NOT NULL,
    PRIMARY KEY (loan_id, observation_no),
    FOREIGN KEY (loan_id, call_no) REFERENCES confirmation_call
);

-- Signs of fraud, each by the person who saw it; none of them may help to thaw the loan. Append-only.
CREATE TABLE fraud_report (
    loan_id    bigint  NOT NULL,
    report_no  integer NOT NULL,
    sign       text    NOT NULL,
    by_staff   bigint  NOT NULL REFERENCES staff,
    call_no    integer,                         -- in which confirmation call it was seen
    seen_at    timestamptz NOT NULL,
    record_seq integer NOT NULL,
    nonce      bytea   NOT NULL,                -- the evidence, sealed
    sealed     bytea   NOT NULL,
    PRIMARY KEY (loan_id, report_no),
    FOREIGN KEY (loan_id, record_seq) REFERENCES record DEFERRABLE INITIALLY DEFERRED
);
