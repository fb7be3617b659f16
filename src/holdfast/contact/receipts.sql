-- What became of a message outside, part by part. A long message has several parts, each with its own answer and receipt.
CREATE TABLE message_part (
    loan_id     bigint   NOT NULL,
    message_no  integer  NOT NULL,
    part_no     smallint NOT NULL,              -- from 1
    channel     text     NOT NULL,              -- the name of the channel that took it
    state       text     NOT NULL CHECK (state IN ('sending', 'sent', 'delivered', 'failed', 'unknown')),
    provider_id text,                           -- the outside's id; null until it answered
    stat        text     NOT NULL DEFAULT '',   -- the outside's own last word
    answered_at timestamptz,
    settled_at  timestamptz,
    PRIMARY KEY (loan_id, message_no, part_no)
);
CREATE INDEX message_part_outside ON message_part (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX message_part_waiting ON message_part (answered_at) WHERE state = 'sent';

-- All that channels have told by themselves, kept before it is understood and before the outside hears that we have it.
-- A work queue: local. The message and its parts are the facts.
CREATE TABLE channel_heard (
    heard_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel       text  NOT NULL,
    kind          text  NOT NULL CHECK (kind IN ('receipt', 'answer', 'inbound')),
    digest        bytea NOT NULL UNIQUE,        -- the same thing told twice is kept once
    provider_id   text,
    number_lookup bytea,                        -- the number, as a keyed hash
    state         text  NOT NULL DEFAULT '',
    stat          text  NOT NULL DEFAULT '',
    loan_id       bigint,                       -- which message it belongs to, once that is known
    message_no    integer,
    part_no       smallint,
    heard_at      timestamptz NOT NULL,
    look_at       timestamptz NOT NULL,         -- not looked at again before
    sealed        bytea NOT NULL,               -- all of it, under the lender's own key
    came_to       text                          -- of a receipt 'moved', 'repeated', 'contradicts', 'no_message'; of a message 'stopped', 'kept'; null while it waits
);
CREATE INDEX channel_heard_waiting ON channel_heard (look_at) WHERE came_to IS NULL;
