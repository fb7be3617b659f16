-- Calls that were dialled and are not hung up: one at a time for each person of the house. They count as made for whoever asks next.
CREATE TABLE ringing_call (
    staff_id bigint  PRIMARY KEY REFERENCES staff,
    loan_id  bigint  NOT NULL,
    party_id bigint  NOT NULL REFERENCES party,
    purpose  text    NOT NULL,
    rule     text    NOT NULL,                  -- the pack's rule that allowed it
    on_date  date    NOT NULL,
    since    timestamptz NOT NULL
);
CREATE INDEX ringing_call_party ON ringing_call (party_id);
