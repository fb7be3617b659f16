-- What somebody wrote to us, once a delivery: what it came to, and on which loan it stands. Number and text lie sealed in channel_heard.
CREATE TABLE inbound (
    inbound_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id     text   NOT NULL UNIQUE,       -- 'in_...'
    heard_id      bigint NOT NULL UNIQUE,       -- the same delivery comes to one thing
    channel       text   NOT NULL,
    number_lookup bytea  NOT NULL,              -- the number it says it is from, as a keyed hash: it proves nothing
    heard_at      timestamptz NOT NULL,
    on_date       date   NOT NULL,              -- the day it was looked at
    question      text   NOT NULL,
    known_to      integer NOT NULL,             -- how many parties have that number
    came_to       text   NOT NULL CHECK (came_to IN ('answered', 'stopped', 'silent', 'ticket', 'queued', 'linked', 'set_aside')),
    answered      boolean NOT NULL,             -- whether a message went back by itself: those are counted
    answer_by     date,                         -- of one that waits for a person: the last day
    loan_id       bigint,                       -- the loan on which it stands
    closed_at     timestamptz,
    closed_by     bigint REFERENCES staff,
    why           text   NOT NULL DEFAULT '',
    CHECK ((came_to = 'queued') = (answer_by IS NOT NULL AND closed_at IS NULL)),
    CHECK (came_to NOT IN ('linked', 'set_aside') OR (closed_by IS NOT NULL AND why <> ''))
);
CREATE INDEX inbound_of_number ON inbound (number_lookup, on_date);
CREATE INDEX inbound_queue ON inbound (answer_by) WHERE came_to = 'queued';

-- A question that a person answers. It is closed by a recorded answer and by nothing else.
CREATE TABLE ticket (
    loan_id     bigint  NOT NULL,
    ticket_no   integer NOT NULL,
    public_id   text    NOT NULL,               -- 'tk_...'
    opened_at   timestamptz NOT NULL,
    answer_by   date    NOT NULL,
    in_duty     boolean NOT NULL,               -- whether a duty of the loan runs for it
    answered_at timestamptz,
    PRIMARY KEY (loan_id, ticket_no),
    UNIQUE (loan_id, public_id)
);
CREATE UNIQUE INDEX ticket_one_open ON ticket (loan_id) WHERE answered_at IS NULL;
CREATE INDEX ticket_open ON ticket (answer_by) WHERE answered_at IS NULL;

-- What was asked and answered, in order, each with its record. Never changed; readable as long as the borrower's key lives.
CREATE TABLE ticket_word (
    loan_id   bigint  NOT NULL,
    ticket_no integer NOT NULL,
    word_no   integer NOT NULL,
    what      text    NOT NULL CHECK (what IN ('ask', 'answer')),
    channel   text    NOT NULL,                 -- 'page', or the way by which the message came
    at        timestamptz NOT NULL,
    staff_id  bigint REFERENCES staff,
    seq       integer NOT NULL,
    sealed    bytea   NOT NULL,
    PRIMARY KEY (loan_id, ticket_no, word_no),
    FOREIGN KEY (loan_id, ticket_no) REFERENCES ticket
);
