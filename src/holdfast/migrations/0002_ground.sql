-- What may be asked for of a product version; '{}' means that nobody may apply for it.
ALTER TABLE product_version ADD COLUMN offer text NOT NULL DEFAULT '{}';

-- A loan that may not go on: why, since which record, and the record that lifted it.
CREATE TABLE loan_freeze (
    loan_id    bigint  NOT NULL,
    freeze_no  integer NOT NULL,
    reason     text    NOT NULL CHECK (reason IN ('fraud', 'court')),
    words      text    NOT NULL,
    placed_seq integer NOT NULL,
    placed_on  date    NOT NULL,
    lifted_seq integer,
    PRIMARY KEY (loan_id, freeze_no),
    CHECK (lifted_seq > placed_seq)
);

-- What happens to a loan while it is repaid.
ALTER TABLE loan_event DROP CONSTRAINT loan_event_kind_check;
ALTER TABLE loan_event ADD CONSTRAINT loan_event_kind_check CHECK (kind IN (
    'disbursed', 'taken_over', 'receipt', 'instalment_due', 'reversal', 'written_off', 'refund', 'deferred', 'waived', 'charge',
    'waived_part', 'goodwill', 'forgiven', 'paused', 'resumed', 'rearranged'));

-- What the lender gives from its own pocket.
INSERT INTO gl_account (code, kind) VALUES ('goodwill_expense', 'expense');

-- Penalty interest: over the days that have borne it, what bore it, in minor units times days.
ALTER TABLE instalment ADD COLUMN late_base bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN penalised_through date NOT NULL DEFAULT '2000-01-01';   -- the day up to which it stands in the instalments
ALTER TABLE account ADD COLUMN pauses text;                                            -- days that do not count as late: 'from/until ...'
ALTER TABLE account ADD COLUMN charges text;                                           -- charges with a day of their own, as JSON
ALTER TABLE account ADD COLUMN agreed text;                                            -- what later agreements put in the contract's place, as JSON
ALTER TABLE account ADD COLUMN fee_written_off bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN penalty_written_off bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN goodwill bigint NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN forgiven bigint NOT NULL DEFAULT 0;                     -- of a claim that was written off, by a settlement
ALTER TABLE account ADD COLUMN settling boolean NOT NULL DEFAULT false;                -- a settlement runs: receipts are told to it

CREATE INDEX account_paused ON account (loan_id) WHERE pauses IS NOT NULL;

-- How many days late a loan is on a day: calendar days since its oldest unpaid due date, without those of its pauses, but at least one.
CREATE FUNCTION days_late(oldest date, pauses text, on_day date) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN oldest IS NULL OR oldest >= on_day THEN 0
        WHEN pauses IS NULL THEN on_day - oldest
        ELSE greatest(1, on_day - oldest - (
            SELECT coalesce(sum(greatest(0, least(on_day, split_part(span, '/', 2)::date) - greatest(oldest, split_part(span, '/', 1)::date))), 0)
              FROM unnest(string_to_array(pauses, ' ')) AS span)::integer)
    END $$;

-- A code sent to a phone, for one act with exact inputs. Only its salted hash is kept.
CREATE TABLE one_time_code (
    code_id    text PRIMARY KEY,                -- 'oc_...'
    chain_id   bigint  NOT NULL,                -- the application, loan or party it is about
    party_id   bigint  REFERENCES party,
    purpose    text    NOT NULL CHECK (purpose IN ('login', 'confirm', 'sign', 'collect', 'phone', 'mandate', 'consent', 'restructuring', 'settlement')),
    bound      text    NOT NULL,                -- digest of what is agreed to by typing the code
    lookup     bytea   NOT NULL,                -- the number, as a keyed hash: for the cap on codes to one number
    masked     text    NOT NULL,                -- the number, as it may be shown
    salt       bytea   NOT NULL,
    hash       bytea   NOT NULL,
    sent_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    proved_at  timestamptz,
    used_at    timestamptz
);
CREATE INDEX one_time_code_chain ON one_time_code (chain_id, purpose);
CREATE INDEX one_time_code_number ON one_time_code (lookup, sent_at);

-- What only the moment of sending may know, sealed under the lender's own key: the number of somebody who is no party yet,
-- the text with its code.
ALTER TABLE message ADD COLUMN sealed_letter bytea;
-- The wording it was written with: 0 ships with the program; the digest tells which words that were.
ALTER TABLE message ADD COLUMN text_version integer;
ALTER TABLE message ADD COLUMN text_sha256 bytea;

-- Between the moment a message is handed to the outside and its answer; whoever dies meanwhile leaves it so.
ALTER TABLE message DROP CONSTRAINT message_state_check;
ALTER TABLE message ADD CONSTRAINT message_state_check
    CHECK (state IN ('promised', 'held', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'dropped'));
-- `answer`: what the person has just asked us. Hours and caps of what we begin do not bind it; its own cap is a number a day.
ALTER TABLE message DROP CONSTRAINT message_purpose_check;
ALTER TABLE message ADD CONSTRAINT message_purpose_check
    CHECK (purpose IN ('code', 'answer', 'service', 'reminder', 'collection', 'marketing'));
ALTER TABLE message ADD COLUMN to_lookup bytea;             -- the number it went to, as a keyed hash: receipts may name nothing else
ALTER TABLE message ADD COLUMN given_up_at timestamptz;     -- failed or unknown, and handed to a person who reaches the borrower otherwise
CREATE INDEX message_sending ON message (party_id) WHERE state = 'sending';
CREATE INDEX message_lost ON message (to_lookup) WHERE state = 'unknown';
CREATE INDEX message_undelivered ON message (sent_at) WHERE state IN ('failed', 'unknown') AND given_up_at IS NULL;
ALTER TABLE message ADD COLUMN after_no integer;            -- the message before it of the same moment, which did not arrive by its channel
ALTER TABLE message ADD COLUMN ended_by text;               -- the rule, or the person's hold, by which it was never sent
CREATE INDEX message_unsent ON message (settled_at) WHERE state = 'dropped' AND given_up_at IS NULL;

-- Who set a pause and why; nobody, where a complaint that waits for its answer or the borrower's own word has set it.
ALTER TABLE contact_stop ADD COLUMN by_staff bigint REFERENCES staff;
ALTER TABLE contact_stop ADD COLUMN because text NOT NULL DEFAULT '';

-- Put off for a while by whoever owns it: hidden until then. It moves no deadline.
ALTER TABLE duty ADD COLUMN snoozed_until timestamptz;
ALTER TABLE duty ADD COLUMN snoozes integer NOT NULL DEFAULT 0;
-- What people have in hand, by role and since when; the system's own reminders, most of all rows, are not in it.
CREATE INDEX duty_people ON duty (role, window_from) WHERE open AND role <> 'system';

-- What the parts of a night did, each in its own transaction: one that ended in the middle is gone on with. Append-only.
CREATE TABLE night_part (
    on_date    date   NOT NULL,
    part_no    bigint GENERATED ALWAYS AS IDENTITY,
    first_loan bigint NOT NULL,
    last_loan  bigint NOT NULL,
    summary    text   NOT NULL,                 -- canonical JSON of the part's counts
    ran_at     timestamptz NOT NULL,
    PRIMARY KEY (on_date, part_no)
);
-- A night's lines are told by the dry run and, once done, by the records; nothing ever wrote them here.
DROP TABLE night_line;
