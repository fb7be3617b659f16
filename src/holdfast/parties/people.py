"""Parties: registering a person, showing what may be shown, revealing with a reason, erasing for good.

Each party's data is sealed under a key of its own, kept wrapped by the master key. Destroying
that key erases the person; the records, which hold only digests under the same key, stay provable.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from holdfast.files import anything_sealed
from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.sealing import NONCE_BYTES, Box, Sealed, master_box, new_box
from holdfast.parties import store
from holdfast.parties.model import Party, Staff, require
from holdfast.parties.private import PrivateKind, mask_name, masked, normal
from holdfast.parties.store import Db

KINDS: Final = ("person", "firm")
LANGUAGES: Final = ("zh-hans", "en")
SHORTEST_REASON: Final = 4


def register_party(
    db: Db, *, clock: Clock, by: Actor, kind: str, branch_id: int, private: Mapping[str, str], language: str = "zh-hans"
) -> Party:
    """A new party with its private data, `name` at least. Sealed before it reaches the database.

    A firm's name is public and is its label; a person's is masked.
    """
    if kind not in KINDS:
        raise BadInput(f"kind: {kind!r} is neither person nor firm", field="kind")
    if PrivateKind.NAME not in private:
        raise BadInput("name: a party has a name", field="name")
    values = {each: normal(each, text) if kind == "person" or each != PrivateKind.NAME else text.strip() for each, text in private.items()}
    label = mask_name(values["name"]) if kind == "person" else values["name"]
    return _register(db, clock, by, kind=kind, branch_id=branch_id, values=values, label=label, language=language)


def register_number(db: Db, *, clock: Clock, by: Actor, branch_id: int, number: str, language: str = "zh-hans") -> Party:
    """Somebody of whom only the phone is known as yet: its number is proved, and its mask is the label until a name is given."""
    values: dict[str, str] = {PrivateKind.PHONE: normal(PrivateKind.PHONE, number)}
    label = masked(PrivateKind.PHONE, values[PrivateKind.PHONE])
    return _register(db, clock, by, kind="person", branch_id=branch_id, values=values, label=label, language=language)


def _register(
    db: Db, clock: Clock, by: Actor, *, kind: str, branch_id: int, values: Mapping[str, str], label: str, language: str
) -> Party:  # fmt: skip
    if language not in LANGUAGES:
        raise BadInput(f"language: {language!r} is not spoken here; use one of {', '.join(LANGUAGES)}", field="language")
    public_id, box = new_id("pt"), new_box()
    wrapped = master_box("party keys", first_use=not anything_sealed(db)).seal(box.key, public_id)
    made = store.insert_party(
        db, public_id=public_id, kind=kind, label=label, language=language, wrapped_key=wrapped.nonce + wrapped.sealed, branch_id=branch_id
    )
    _write(db, made, box, values)
    _record(db, clock, by, made, "party.registered", {"kind": kind, "holds": sorted(values)}, _digests(box, values))
    return made


def change_private(db: Db, *, clock: Clock, by: Actor, party: Party, kind: str, text: str) -> None:
    """Replace one value. The record keeps a digest of the new one."""
    box = box_of(db, party)
    values = {kind: normal(kind, text)}
    _write(db, party, box, values)
    if kind == PrivateKind.NAME and party.kind == "person":
        store.update_label(db, party.party_id, mask_name(values[kind]))
    _record(db, clock, by, party, "party.changed", {"what": kind}, _digests(box, values))


def party(db: Db, public_id: str) -> Party:
    """The party of that public id; NotFound otherwise."""
    found = store.party(db, public_id)
    if found is None:
        raise NotFound(f"there is no party {public_id}", code="no_party", field="party")
    return found


def party_by_id(db: Db, party_id: int) -> Party:
    """The party of that number; NotFound otherwise."""
    found = store.party_by_id(db, party_id)
    if found is None:
        raise NotFound(f"there is no party number {party_id}", code="no_party", field="party")
    return found


def masks(db: Db, party: Party) -> Mapping[str, str]:
    """What may be shown of the party, by kind."""
    return store.masked_values(db, party.party_id)


def with_phone(db: Db, lookup: bytes) -> list[Party]:
    """The parties that have the phone number behind this keyed hash."""
    return store.parties_by_lookup(db, PrivateKind.PHONE, lookup)


def find(db: Db, kind: str, text: str) -> list[Party]:
    """The parties that have this value, however it was typed."""
    if not anything_sealed(db):
        return []  # a new book knows nobody, and has no key to look them up with
    return store.parties_by_lookup(db, kind, lookup_of(kind, normal(kind, text)))


def reveal(db: Db, *, clock: Clock, by: Staff, party: Party, kind: str, reason: str) -> str:
    """One value in full, for a person who may see it and says why. The record comes before the value.

    NotFound for a party out of the person's sight; BadInput without a reason.
    """
    require(by, "party.reveal")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say in a few words why you need to see it", field="reason")
    if not store.in_sight(db, party.party_id, by.scope):
        raise NotFound(f"there is no party {party.public_id} within your sight", code="no_party", field="party")
    box = box_of(db, party)
    kept = store.sealed_value(db, party.party_id, kind)
    if kept is None:
        raise NotFound(f"no {kind} is kept for {party.public_id}", code="no_such_data", field="kind")
    _record(db, clock, by.actor, party, "party.revealed", {"what": kind, "reason": reason.strip()}, {})
    return box.open(Sealed(*kept), _about(party, kind)).decode()


def answers_to(db: Db, party: Party, *, name: str, last_four: str) -> bool:
    """Whether a person who gives this name and these last four characters of an ID number can be the party.

    Compared with what is sealed; nobody is shown it, and what was said is not kept. BadInput for what can be
    neither; Refusal if no ID number is kept.
    """
    four = last_four.strip().upper()
    if not re.fullmatch(r"[0-9]{3}[0-9X]", four, re.ASCII):
        raise BadInput("last_four: the last four characters of the ID number, digits or X at the end", field="last_four")
    box = box_of(db, party)
    kept_name, kept_id = (store.sealed_value(db, party.party_id, kind) for kind in (PrivateKind.NAME, PrivateKind.ID_NUMBER))
    if kept_name is None or kept_id is None:
        raise Refusal(f"no name and ID number are kept for {party.public_id}; take them in first", code="no_identity", field="name")
    true_name = box.open(Sealed(*kept_name), _about(party, PrivateKind.NAME)).decode()
    true_four = box.open(Sealed(*kept_id), _about(party, PrivateKind.ID_NUMBER)).decode()[-4:]
    said, true = (
        box.keyed_hash(f"{who.casefold()} {what}") for who, what in ((normal(PrivateKind.NAME, name), four), (true_name, true_four))
    )
    return hmac.compare_digest(said, true)


def erase(db: Db, *, clock: Clock, by: Staff, party: Party, reason: str) -> None:
    """Destroy the party's key and all that was sealed under it. There is no way back; the proofs stay."""
    require(by, "party.erase")
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadInput("reason: say why this person is erased", field="reason")
    store.destroy(db, party.party_id)
    _record(db, clock, by.actor, party, "party.erased", {"reason": reason.strip()}, {})


def box_of(db: Db, party: Party) -> Box:
    """The box under which the party's data and files are sealed; Refusal if its key is destroyed."""
    wrapped = store.wrapped_key(db, party.party_id)
    if wrapped is None:
        raise Refusal(f"the data of {party.public_id} has been erased", code="party_erased")
    return Box(master_box("party keys").open(Sealed(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]), party.public_id))


def for_document(db: Db, party: Party) -> Mapping[PrivateKind, str]:
    """All that is kept of the party, in the clear, for a document that is sealed under the party's own key.

    For typesetting only: no person sees it, and the stage's record names the document's digest.
    """
    box = box_of(db, party)
    kept = ((kind, store.sealed_value(db, party.party_id, kind)) for kind in PrivateKind)
    return {kind: box.open(Sealed(*sealed), _about(party, kind)).decode() for kind, sealed in kept if sealed is not None}


def numbers_for_sending(db: Db, party_ids: Sequence[int]) -> Mapping[int, str]:
    """The phone numbers of those parties that have one, in the clear, for the moment of sending.

    For the dispatcher only: no person sees them, and the contact ledger records each use.
    """
    if not party_ids:
        return {}
    keys, numbers = master_box("party keys"), {}
    for party_id, public_id, wrapped, nonce, sealed in store.sealed_phones(db, party_ids):
        box = Box(keys.open(Sealed(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]), public_id))
        numbers[party_id] = box.open(Sealed(nonce, sealed), f"{PrivateKind.PHONE} of {public_id}").decode()
    return numbers


def record_consent(
    db: Db, *, clock: Clock, by: Actor, party: Party, purpose: str, text_version: str, given: bool, channel: str, evidence: str
) -> None:
    """Keep an act of consent, or its withdrawal, with the version of the text that was shown."""
    for field, text in (("purpose", purpose), ("text_version", text_version), ("channel", channel), ("evidence", evidence)):
        if not text.strip():
            raise BadInput(f"{field}: consent without it proves nothing", field=field)
    store.insert_consent(
        db,
        party_id=party.party_id,
        purpose=purpose,
        text_version=text_version,
        given=given,
        channel=channel,
        evidence=evidence,
        at=clock.now(),
    )
    says = {"purpose": purpose, "text_version": text_version, "given": given, "channel": channel, "evidence": evidence}
    _record(db, clock, by, party, "consent.given" if given else "consent.withdrawn", says, {})


def consents(db: Db, party: Party, purpose: str) -> bool:
    """Whether the party's last word on that purpose was yes; silence is no."""
    return store.consents(db, party.party_id, purpose)


def _write(db: Db, party: Party, box: Box, values: Mapping[str, str]) -> None:
    rows = []
    for kind, value in values.items():
        sealed = box.seal(value.encode(), _about(party, kind))
        mask = value if party.kind == "firm" and kind == PrivateKind.NAME else masked(kind, value)
        rows.append((kind, sealed.nonce, sealed.sealed, lookup_of(kind, value), mask))
    store.write_private(db, party.party_id, rows)


def _digests(box: Box, values: Mapping[str, str]) -> dict[str, str]:
    # Under the party's own key, so that a digest says nothing once that key is gone.
    return {kind: box.keyed_hash(f"{kind} {value}").hex() for kind, value in values.items()}


def lookup_of(kind: str, value: str) -> bytes:
    """The keyed hash by which a value in its one form is found again; it says nothing to one without the key."""
    return master_box("look-up").keyed_hash(f"{kind} {value}")


def _about(party: Party, kind: str) -> str:
    return f"{kind} of {party.public_id}"


def _record(db: Db, clock: Clock, by: Actor, about: Party, kind: str, says: Mapping[str, object], seals: Mapping[str, str]) -> None:
    write_record(db, clock=clock, by=by, chain_id=about.party_id, chain=about.public_id, kind=kind, says=says, seals=seals)
