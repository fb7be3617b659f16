-- Documents by content: the digest names the plain bytes, the stored bytes are encrypted on disk. Append-only.
CREATE TABLE file (
    file_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id   text   NOT NULL UNIQUE,
    digest      text   NOT NULL,                -- SHA-256 of salt || bytes
    salt        bytea  NOT NULL,
    party_id    bigint REFERENCES party,        -- whose key seals it; NULL: the lender's own
    media_type  text   NOT NULL,
    size        bigint NOT NULL,
    name        text   NOT NULL,
    stored_as   text   NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE TABLE file_link (
    loan_id bigint NOT NULL,
    file_id bigint NOT NULL REFERENCES file,
    purpose text   NOT NULL,
    PRIMARY KEY (loan_id, file_id)
);
