-- What somebody did on some days is found without reading what everybody ever did.
CREATE INDEX contact_ledger_staff ON contact_ledger (by_staff, on_date) WHERE by_staff IS NOT NULL;
CREATE INDEX duty_followed_up ON duty (closed_on)
    WHERE NOT open AND kind IN ('follow_up', 'promise_broken', 'settlement_broken', 'recovery');
CREATE INDEX promise_by_maker ON promise (made_by, made_on);
CREATE INDEX complaint_against_staff ON complaint_against (staff_id);
