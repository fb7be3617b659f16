-- The journal: records chained per loan, sealed into one Merkle tree, heads signed.

-- One sequence numbers every chain: loans, and the things that live beside them (packs, batches, staff acts).
CREATE SEQUENCE chain_id_seq;

-- Promises: a record's bytes hash to its leaf; each chain is gapless from 1; nothing here is ever changed.
CREATE TABLE record (
    loan_id     bigint      NOT NULL,           -- chain id: a loan, or another thing with a life
    seq         integer     NOT NULL CHECK (seq >= 1),
    kind        text        NOT NULL,
    body        bytea       NOT NULL,           -- canonical JSON, hashed once and never written again
    leaf_hash   bytea       NOT NULL CHECK (leaf_hash = sha256('\x00'::bytea || body)),
    on_date     date        NOT NULL,           -- business date
    recorded_at timestamptz NOT NULL,
    batch_id    bigint,                         -- chain id of the batch whose tree seals this record, else it is a leaf itself
    batch_line  integer,
    PRIMARY KEY (loan_id, seq),
    CHECK ((batch_id IS NULL) = (batch_line IS NULL))
);
CREATE INDEX record_batch ON record (batch_id, batch_line) WHERE batch_id IS NOT NULL;

-- A batch's larger perfect subtrees (of 256 lines and more), so that one line of a million is proved from few rows.
CREATE TABLE batch_node (
    batch_id bigint  NOT NULL,
    level    integer NOT NULL CHECK (level >= 8),
    number   bigint  NOT NULL,
    hash     bytea   NOT NULL,
    PRIMARY KEY (batch_id, level, number)
);

-- Work queue of the sealer: local, emptied as it works. What is sealed is the fact.
CREATE TABLE seal_queue (
    queue_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    loan_id  bigint NOT NULL,
    seq      integer NOT NULL
);

CREATE TABLE tree_leaf (
    position  bigint  PRIMARY KEY CHECK (position >= 0),
    loan_id   bigint  NOT NULL,
    seq       integer NOT NULL,
    leaf_hash bytea   NOT NULL,
    UNIQUE (loan_id, seq)
);

-- Perfect subtrees of two leaves and more: (level, number) covers positions number * 2^level onwards.
CREATE TABLE tree_node (
    level  integer NOT NULL CHECK (level >= 1),
    number bigint  NOT NULL,
    hash   bytea   NOT NULL,
    PRIMARY KEY (level, number)
);

CREATE TABLE tree_head (
    size       bigint PRIMARY KEY,
    root       bytea NOT NULL,
    checkpoint text  NOT NULL,                  -- C2SP signed note
    signed_at  timestamptz NOT NULL
);

-- Heads that left the house. Whoever holds one may come back with it, so a bundle shows how its head follows from each.
CREATE TABLE head_copy (
    size     bigint NOT NULL REFERENCES tree_head,
    holder   text   NOT NULL,                   -- where it went: file
    given_at timestamptz NOT NULL,
    PRIMARY KEY (size, holder)
);
