-- A strategy of follow-up while it is worked at. What is proposed of it is a version of its own.
CREATE TABLE strategy_draft (
    draft_id   integer  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id  text     NOT NULL UNIQUE,        -- 'sd_...'
    content    text     NOT NULL,               -- the table (JDM), well formed; it may still have gaps and overlaps
    revision   integer  NOT NULL CHECK (revision > 0),
    writers    bigint[] NOT NULL CHECK (cardinality(writers) > 0),  -- all who wrote at it, the last one at the end
    drafted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ended_at   timestamptz                      -- set aside, or live
);

-- A version as it was proposed, whole: readable for ever. Append-only.
CREATE TABLE strategy (
    strategy_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id   text    NOT NULL UNIQUE,        -- 'st_...'
    draft_id    integer NOT NULL REFERENCES strategy_draft,
    version     integer NOT NULL UNIQUE CHECK (version > 0),
    content     text    NOT NULL,
    sha256      bytea   NOT NULL CHECK (sha256 = sha256(convert_to(content, 'UTF8'))),
    from_day    date    NOT NULL,
    approval    text    NOT NULL,               -- the request that a second person answers
    made_by     bigint  NOT NULL REFERENCES staff,
    made_at     timestamptz NOT NULL
);

-- The versions that two people put live. Append-only.
CREATE TABLE strategy_live (
    strategy_id integer PRIMARY KEY REFERENCES strategy,
    live_at     timestamptz NOT NULL
);
