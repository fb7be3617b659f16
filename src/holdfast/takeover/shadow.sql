-- Beside the old system: one row per day's export that was compared with the book. Append-only.
CREATE TABLE shadow_run (
    run_id    bigint PRIMARY KEY,               -- from the sequence of loan_id: the run has a chain of its own
    public_id text NOT NULL UNIQUE,             -- 'sh_...'
    map_name  text NOT NULL,
    as_of     date NOT NULL,
    file_name text NOT NULL,
    digest    text NOT NULL,
    outcome   text NOT NULL,                    -- canonical JSON: the totals, by cause
    read_by   bigint,
    read_at   timestamptz NOT NULL
);
CREATE INDEX shadow_run_day ON shadow_run (map_name, as_of);

-- One row per loan whose figures differ, with the cause that was proved. Append-only.
CREATE TABLE shadow_line (
    run_id    bigint  NOT NULL,
    line_no   integer NOT NULL,
    loan_id   bigint,                           -- NULL: the book has no such loan
    row_no    bigint,                           -- NULL: the export has no such row
    name      text    NOT NULL,                 -- how the old system calls the loan
    identity  text    NOT NULL,
    cause     text    NOT NULL,
    told      text    NOT NULL,                 -- canonical JSON: what differs, on both sides, and what proved the cause
    apart     bigint  NOT NULL,                 -- their balance less ours, in minor units
    PRIMARY KEY (run_id, line_no)
);

-- Differences that a person has accepted, with the reason. The newest row for a loan and cause counts; most < 0 takes it back. Append-only.
CREATE TABLE shadow_acceptance (
    acceptance_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id      bigint NOT NULL,                -- where it was accepted
    map_name    text   NOT NULL,
    identity    text   NOT NULL,                -- '' for every loan with this cause
    cause       text   NOT NULL,
    most        bigint NOT NULL,                -- up to this much between the balances, in minor units
    reason      text   NOT NULL,
    staff_id    bigint NOT NULL,
    accepted_at timestamptz NOT NULL
);
CREATE INDEX shadow_acceptance_map ON shadow_acceptance (map_name, acceptance_id);

-- What a tape in the queue is for: to be taken over, or to be compared.
ALTER TABLE tape_job ADD COLUMN purpose text NOT NULL DEFAULT 'import' CHECK (purpose IN ('import', 'compare'));
