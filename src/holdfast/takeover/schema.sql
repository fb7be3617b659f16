-- One row per tape that was read, and one per row of it that was refused. Append-only.
CREATE TABLE tape (
    tape_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id text NOT NULL UNIQUE,
    digest    text NOT NULL,
    map_name  text NOT NULL,
    as_of     date NOT NULL,
    outcome   text NOT NULL,                    -- canonical JSON: the reconciliation
    read_at   timestamptz NOT NULL
);
-- Progress of a tape being read: a local work row, gone when it ends.
CREATE TABLE tape_job (
    public_id text PRIMARY KEY,
    map_name  text NOT NULL,
    as_of     date,
    path      text NOT NULL,
    file_name text NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    rows_all  bigint,
    state     text NOT NULL CHECK (state IN ('waiting', 'reading', 'done', 'failed')),
    why       text NOT NULL DEFAULT '',
    tape_public_id text,
    started_by bigint,
    asked_at  timestamptz NOT NULL
);
