-- Each pack as it was read from its file; a version, once stored, never changes. Append-only.
CREATE TABLE policy_pack (
    name           text NOT NULL,
    version        text NOT NULL,
    effective_from date NOT NULL,
    content        text NOT NULL,               -- canonical JSON
    digest         text NOT NULL,
    loaded_at      timestamptz NOT NULL,
    PRIMARY KEY (name, version)
);

-- The lender whose book this is (one row). It cannot originate before its type, licence, regulator and region are set.
CREATE TABLE lender (
    only_one      boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    name          text,
    lender_type   text,
    licence_no    text,
    regulator     text,
    region        text,
    zone          text    NOT NULL DEFAULT 'Asia/Shanghai',
    currency      text    NOT NULL DEFAULT 'CNY',
    pack_name     text    NOT NULL DEFAULT 'cn-baseline',
    offset_days   integer NOT NULL DEFAULT 0,   -- the book's clock against the machine's
    sample        boolean NOT NULL DEFAULT false,
    last_night_on date,                         -- the latest business date whose night has run
    chain_id      bigint                        -- the house's own chain in the journal: who it is, its packs, its clock
);
