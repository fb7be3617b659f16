CREATE TABLE branch (
    branch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id text NOT NULL UNIQUE,
    code      text NOT NULL UNIQUE,
    name      text NOT NULL
);

-- A person or a firm. Its number is its chain in the journal: registered, revealed, consented, erased.
CREATE TABLE party (
    party_id    bigint PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id   text NOT NULL UNIQUE,
    kind        text NOT NULL CHECK (kind IN ('person', 'firm')),
    label       text NOT NULL,                  -- masked name
    language    text NOT NULL DEFAULT 'zh-hans',
    wrapped_key bytea,                          -- the party's key under the master key; NULL once destroyed
    branch_id   bigint NOT NULL REFERENCES branch
);

-- A log-in of someone who works here. Its number is its chain in the journal.
CREATE TABLE staff (
    staff_id  bigint PRIMARY KEY DEFAULT nextval('chain_id_seq'),
    public_id text    NOT NULL UNIQUE,
    user_id   integer UNIQUE,                   -- the log-in; null for the system itself
    person_id bigint  REFERENCES party,         -- who it is: one person may have two log-ins, but is one person
    name      text    NOT NULL,
    role      text    NOT NULL CHECK (role IN ('caller', 'officer', 'approver', 'custodian', 'risk', 'auditor', 'admin', 'integrator', 'system')),
    branch_id bigint  REFERENCES branch,
    team      text,
    scope     text    NOT NULL CHECK (scope IN ('own', 'team', 'branch', 'all')),
    active    boolean NOT NULL DEFAULT true
);

CREATE TABLE api_token (
    token_hash bytea  PRIMARY KEY,
    staff_id   bigint NOT NULL REFERENCES staff,
    label      text   NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- One encrypted payload per party and kind; look-up by keyed hash.
CREATE TABLE party_private (
    party_id bigint NOT NULL REFERENCES party,
    kind     text   NOT NULL CHECK (kind IN ('name', 'id_number', 'phone', 'card', 'address', 'plate', 'imei')),
    nonce    bytea  NOT NULL,
    sealed   bytea  NOT NULL,                   -- AES-256-GCM
    lookup   bytea  NOT NULL,                   -- HMAC-SHA-256 under the look-up key
    masked   text   NOT NULL,
    PRIMARY KEY (party_id, kind)
);
CREATE INDEX party_private_lookup ON party_private (kind, lookup);

-- Consent as given, and as withdrawn: each act a row. Append-only.
CREATE TABLE consent (
    consent_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    party_id     bigint NOT NULL REFERENCES party,
    purpose      text   NOT NULL,
    text_version text   NOT NULL,
    given        boolean NOT NULL,
    channel      text   NOT NULL,
    evidence     text   NOT NULL,
    recorded_at  timestamptz NOT NULL
);
