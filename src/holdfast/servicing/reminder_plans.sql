-- A version of a reminder plan as it was proposed: never edited, another is proposed. Append-only.
CREATE TABLE reminder_plan (
    plan_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id    text    NOT NULL UNIQUE,       -- 'rp_...'
    product_code text    REFERENCES product,    -- NULL: of all products that have no plan of their own
    version      integer NOT NULL,              -- counted by product
    name         text    NOT NULL,
    moments      text    NOT NULL,              -- canonical JSON: days from the due date, channels in order
    from_day     date    NOT NULL,
    approval     text    NOT NULL,              -- the request that a second person answers
    made_by      bigint  NOT NULL REFERENCES staff,
    made_at      timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (product_code, version)
);

-- The versions that two people put live. Append-only.
CREATE TABLE reminder_plan_live (
    plan_id integer PRIMARY KEY REFERENCES reminder_plan,
    live_at timestamptz NOT NULL
);
