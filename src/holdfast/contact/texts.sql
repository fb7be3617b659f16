-- A wording that a lender wrote in place of the one that ships with the program. Its words change only while it is a draft.
CREATE TABLE message_text (
    text_id    bigint   PRIMARY KEY,            -- its own chain
    public_id  text     NOT NULL UNIQUE,
    template   text     NOT NULL,
    language   text     NOT NULL CHECK (language IN ('zh-hans', 'en')),
    version    integer  NOT NULL CHECK (version > 0),
    words      text     NOT NULL,
    sha256     bytea    NOT NULL CHECK (sha256 = sha256(convert_to(words, 'UTF8'))),
    state      text     NOT NULL CHECK (state IN ('draft', 'asked', 'approved', 'refused', 'retired')),
    writers    bigint[] NOT NULL,               -- all who wrote at it, the last one at the end
    drafted_at timestamptz NOT NULL,
    request    text,
    decided_by bigint   REFERENCES staff,
    decided_at timestamptz,
    ended_by   bigint   REFERENCES staff,
    ended_at   timestamptz,
    ended_why  text     NOT NULL DEFAULT '',
    UNIQUE (template, language, version)
);
CREATE UNIQUE INDEX message_text_open ON message_text (template, language) WHERE state IN ('draft', 'asked');
CREATE UNIQUE INDEX message_text_in_force ON message_text (template, language) WHERE state = 'approved';

-- What each carrier says to a wording, shipped or the lender's own. By its digest: other words are another wording.
CREATE TABLE carrier_text (
    carrier  text  NOT NULL,
    sha256   bytea NOT NULL,
    template text  NOT NULL,
    language text  NOT NULL,
    version  integer NOT NULL,
    state    text  NOT NULL CHECK (state IN ('submitted', 'approved', 'refused')),
    words    text  NOT NULL,                    -- its number with the carrier, or why it refused
    by_staff bigint NOT NULL REFERENCES staff,
    at       timestamptz NOT NULL,
    PRIMARY KEY (carrier, sha256)
);
