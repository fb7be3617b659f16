"""One-time codes: six digits sent to a phone, for one act with exact inputs, good for five minutes.

A code proves that whoever typed it held that phone and had been shown what it is bound to. Only a
keyed hash of it is kept. It is proved first, in a transaction of its own, so that wrong attempts count
even if nothing else comes of them, and used up once, in the transaction of the act that rests on it.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from holdfast.contact import store
from holdfast.contact.model import Promise
from holdfast.contact.service import promise
from holdfast.contact.store import Db, OneTimeCode
from holdfast.contact.templates import CODE_PURPOSES, SPOKEN
from holdfast.files import anything_sealed
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import master_box
from holdfast.parties import Party, PrivateKind, lookup_of, masked, normal, numbers_for_sending

DIGITS: Final = 6
MINUTES_GOOD: Final = 5
MOST_ATTEMPTS: Final = 5
MOST_AN_HOUR: Final = 5
SECONDS_BETWEEN: Final = 60
_SALT_BYTES: Final = 16
_KEY: Final = "one-time codes"


@dataclass(frozen=True, slots=True)
class CodeEvidence:
    """What a record says of a code that was typed: which, when it was sent and proved, at which attempt, to which number."""

    code_id: str
    sent_at: datetime
    proved_at: datetime
    attempts: int
    masked_number: str


def send(
    db: Db, *, clock: Clock, chain_id: int, purpose: str, bound: str, party: Party | None = None, number: str | None = None,
    language: str | None = None,
) -> str:  # fmt: skip
    """Promise a fresh code to the party's phone, or to `number`; its id.

    `chain_id` is what the code is about: an application, a loan or a party. `bound` is the digest of what is agreed to
    by typing it. Refusal if the number had a code within the last minute, or five within the hour.
    """
    if purpose not in CODE_PURPOSES:
        raise BadInput(f"purpose: a code is for one of {', '.join(CODE_PURPOSES)}", field="purpose")
    if not bound.strip():
        raise Fault("a code that is bound to nothing proves nothing", code="code_unbound")
    to = _number(db, party, number)
    master_box(_KEY, first_use=not anything_sealed(db))  # a code may be the first thing of a book that needs a key
    lookup, now = lookup_of(PrivateKind.PHONE, to), clock.now()
    _within_caps(db, lookup, now)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    code = OneTimeCode(
        new_id("oc"), chain_id, party.party_id if party else None, purpose, bound, lookup, masked(PrivateKind.PHONE, to),
        secrets.token_bytes(_SALT_BYTES), b"", now, now + timedelta(minutes=MINUTES_GOOD), 0, None, None,
    )  # fmt: skip
    store.insert_code(db, code, _hash(code, digits))
    promise(
        db,
        Promise(
            loan_id=chain_id, duty_no=None, party_id=code.party_id, purpose="code", channel="sms",
            template="code_spoken" if purpose in SPOKEN else "code",
            params={"what": purpose, "code": "*" * DIGITS}, secret={"code": digits}, number=None if party and number is None else to,
            language=language, on_date=clock.today(), send_from=now, send_until=code.expires_at,
        ),
    )  # fmt: skip
    return code.code_id


def attempt(db: Db, *, clock: Clock, code_id: str, digits: str) -> bool:
    """Whether these are the digits that were sent; the attempt is counted. The caller commits it on its own.

    Refusal once the code is used, too old, or was mistyped five times.
    """
    code = _locked(db, code_id)
    if code.used_at is not None:
        raise Refusal("this code has been used; ask for a new one", code="code_used", field="code")
    if clock.now() > code.expires_at:
        raise Refusal(f"this code was good for {MINUTES_GOOD} minutes; ask for a new one", code="code_expired", field="code")
    right = hmac.compare_digest(code.hash, _hash(code, _typed(digits)))
    if code.proved_at is not None:
        return right
    if code.attempts >= MOST_ATTEMPTS:
        raise Refusal(f"{MOST_ATTEMPTS} attempts were made; ask for a new code", code="code_attempts", field="code")
    store.count_attempt(db, code_id, clock.now() if right else None)
    return right


def spend(db: Db, *, clock: Clock, code_id: str, purpose: str, bound: str) -> CodeEvidence:
    """Use a proved code up for the act it was sent for. Refusal unless it stands for exactly this, now, for the first time."""
    code = _locked(db, code_id)
    if code.purpose != purpose or code.bound != bound:
        raise Refusal("this code was sent for something else; ask for a new one", code="code_bound", field="code")
    if code.used_at is not None:
        raise Refusal("this code has been used; ask for a new one", code="code_used", field="code")
    if code.proved_at is None:
        raise Refusal("type the code from the message first", code="code_not_proved", field="code")
    if clock.now() > code.proved_at + timedelta(minutes=MINUTES_GOOD):
        raise Refusal(f"this code was good for {MINUTES_GOOD} minutes; ask for a new one", code="code_expired", field="code")
    store.use_code(db, code_id, clock.now())
    return CodeEvidence(code.code_id, code.sent_at, code.proved_at, code.attempts, code.masked)


def proved_at(db: Db, code_id: str) -> datetime | None:
    """When a code was typed rightly; None while it was not."""
    return _found(store.code(db, code_id, lock=False), code_id).proved_at


def sent_to(db: Db, code_id: str) -> str:
    """The masked number that a code went to."""
    return _found(store.code(db, code_id, lock=False), code_id).masked


def _number(db: Db, party: Party | None, number: str | None) -> str:
    if number is not None:
        return normal(PrivateKind.PHONE, number)
    known = numbers_for_sending(db, [party.party_id]).get(party.party_id) if party else None
    if known is None:
        raise Refusal("no phone number is known to send a code to", code="no_number", field="number")
    return known


def _within_caps(db: Db, lookup: bytes, now: datetime) -> None:
    """Two requests for one number take turns, so that neither slips past the cap."""
    sent = store.codes_sent(db, lookup, now - timedelta(hours=1))
    if len(sent) >= MOST_AN_HOUR:
        raise Refusal(f"{MOST_AN_HOUR} codes went to this number within the hour; try again later", code="code_cap", field="number")
    if sent and now < max(sent) + timedelta(seconds=SECONDS_BETWEEN):
        raise Refusal("a code is on its way; you can ask for another after a minute", code="code_too_soon", field="number")


def _locked(db: Db, code_id: str) -> OneTimeCode:
    return _found(store.code(db, code_id, lock=True) if code_id.isprintable() else None, code_id)


def _found(code: OneTimeCode | None, code_id: str) -> OneTimeCode:
    if code is None:
        raise NotFound(f"there is no code {code_id}; ask for a new one", code="no_code", field="code")
    return code


def _typed(digits: str) -> str:
    """The digits as a person types them: spaces fall away, full-width figures count."""
    text = "".join(digits.translate(str.maketrans("０１２３４５６７８９", "0123456789")).split())
    if len(text) != DIGITS or not (text.isascii() and text.isdigit()):
        raise BadInput(f"code: it has {DIGITS} digits", field="code")
    return text


def _hash(code: OneTimeCode, digits: str) -> bytes:
    # Keyed: a million tries would find six digits behind any hash that needs no key.
    return master_box(_KEY).keyed_hash(f"{code.code_id} {code.salt.hex()} {digits}")
