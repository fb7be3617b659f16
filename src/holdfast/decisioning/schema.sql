-- Decisioning: gates, score, limit and price; every decision explains itself.

-- Scorecards and policy tables, whole, by the digest of their bytes: what a decision names is here for good. Append-only.
CREATE TABLE decision_artifact (
    sha256    text        PRIMARY KEY,
    kind      text        NOT NULL CHECK (kind IN ('scorecard', 'table')),
    name      text        NOT NULL,
    content   text        NOT NULL,
    stored_at timestamptz NOT NULL
);
-- Which of them decides from when on, agreed by two. Without a row the one that comes with the program does. Append-only.
CREATE TABLE decision_activation (
    activation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind          text   NOT NULL CHECK (kind IN ('scorecard', 'table')),
    sha256        text   NOT NULL REFERENCES decision_artifact,
    request       text   NOT NULL,               -- the two people's agreement
    activated_at  timestamptz NOT NULL
);
-- The log. Append-only: whatever happens next is the next row.
CREATE TABLE decision (
    loan_id       bigint  NOT NULL,
    decision_no   integer NOT NULL CHECK (decision_no >= 1),
    public_id     text    NOT NULL,              -- found through decision_name
    by_what       text    NOT NULL CHECK (by_what IN ('rule', 'people', 'review')),
    state         text    NOT NULL CHECK (state IN ('referred', 'approved', 'refused')),
    features      text    NOT NULL,              -- canonical JSON: the feature record
    basis         text    NOT NULL,              -- canonical JSON: product, pack, scorecard, table, engine, day
    finding       text    NOT NULL,              -- canonical JSON: what the rule found; a replay gives the same bytes
    approved_sum  bigint  CHECK (approved_sum > 0),
    terms         text,                          -- canonical JSON of products.Terms, as approved
    words         text    NOT NULL,              -- of people; empty where the rule decided
    request       text,                          -- the two people's agreement
    made_by       text    NOT NULL,              -- public id of the person whose act it was
    made_at       timestamptz NOT NULL,
    on_date       date    NOT NULL,
    record_seq    integer NOT NULL,
    PRIMARY KEY (loan_id, decision_no),
    CHECK ((state = 'approved') = (approved_sum IS NOT NULL)),
    CHECK ((approved_sum IS NULL) = (terms IS NULL)),
    CHECK (by_what <> 'people' OR request IS NOT NULL OR state = 'refused')
);
-- Registry: which loan a decision's public id leads to. Append-only.
CREATE TABLE decision_name (
    public_id text   PRIMARY KEY,
    loan_id   bigint NOT NULL
);
