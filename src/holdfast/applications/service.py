"""Applying: a draft that is filled in step by step, handed in once it lacks nothing, and taken back while it still can be.

The cost is told before anything is asked. What somebody typed is kept when they leave a step, sealed under
their own key; handing the file in makes the loan and opens the duty to confirm it by phone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from holdfast import collateral, contact, duties, files, products
from holdfast.applications import store
from holdfast.applications.completeness import completeness
from holdfast.applications.consents import CONSENTS
from holdfast.applications.facts import FACTS, LARGEST_UPLOAD, OF_AGE, PRIVATE, SLOTS, THING, Fact, age_on, born_on, grade_of, read_fact
from holdfast.applications.model import OPEN, Application, ApplicationEvent, ApplicationState, CodeSent, Entry, Submitted, after
from holdfast.applications.reading import By, about, application, draft_of, newest_of, of_loan
from holdfast.applications.store import Db
from holdfast.contact import codes
from holdfast.journal import SYSTEM, Actor, next_chain_id, write_record
from holdfast.kernel import canonical
from holdfast.kernel.clock import Clock, iso_instant
from holdfast.kernel.errors import BadInput, Fault, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.kernel.money import Money
from holdfast.life import DUTIES, LoanState
from holdfast.parties import (
    Party,
    PrivateKind,
    Reach,
    Staff,
    box_of,
    branches,
    change_private,
    find,
    masked,
    normal,
    party_by_id,
    record_consent,
    register_number,
    require,
)
from holdfast.policy import lender, pack_in_force

INTAKE: Final = "application.intake"
CONSENT: Final = "consent"  # what a code is for
BORROWER, COUNTER, PROGRAM = "phone", "counter", "program"
MOST_PAPERS: Final = 60
SHORTEST_REASON: Final = 4
# What a borrower can be asked for again: all of the file but which phone it is.
RETURNABLE: Final = frozenset({*PRIVATE, *SLOTS, *FACTS}) - set(THING)
_BEFORE_MONEY: Final = (LoanState.SUBMITTED, LoanState.CONFIRMED, LoanState.DECIDED, LoanState.SIGNED)
_CONTACT_DAYS: Final = timedelta(days=1)


def person_at_counter(db: Db, *, clock: Clock, by: Staff, number: str, language: str = "zh-hans") -> Party:
    """Somebody without a phone that can apply, by the number they give; made known if they are new.

    Refusal if the number stands on several files. That the number is theirs is proved by the call that confirms the loan.
    """
    require(by, INTAKE)
    known = [each for each in find(db, PrivateKind.PHONE, number) if each.kind == "person" and not each.erased]
    if len(known) > 1:
        raise Refusal("this number stands on more than one file; find out which of them is here", code="number_shared", field="number")
    if known:
        return known[0]
    return register_number(db, clock=clock, by=by.actor, branch_id=_branch(db, by, None), number=number, language=language)


def draft_at_counter(db: Db, *, by: Staff, number: str) -> Application:
    """The file that whoever stands here may go on with, by the number they give; NotFound, in the same words, for every other number."""
    require(by, INTAKE)
    for each in find(db, PrivateKind.PHONE, number):
        latest = None if each.erased else newest_of(db, each.party_id)
        if latest is not None and latest.state in (ApplicationState.DRAFT, ApplicationState.RETURNED):
            try:
                return application(db, latest.public_id, by)
            except NotFound:
                break  # in another branch's hands: told as if it were not there
    raise NotFound("no file within your sight is being filled in under this number; begin one", code="no_draft", field="number")


def start(
    db: Db, *, clock: Clock, by: By, party: Party, product: str, principal: Money, instalments: int, branch: str | None = None
) -> Application:
    """A draft for this person with a plan that is offered and lawful today; the draft they have, if there is one, takes the plan.

    `branch` is the code of the place to which the thing will be brought. Refusal while an application is on its way.
    """
    _own_or_staff(by, party.public_id)
    latest = newest_of(db, party.party_id)
    if latest is not None and latest.state in OPEN - {ApplicationState.DRAFT}:
        raise Refusal(
            f"application {latest.public_id} is on its way; a second one can follow when it is decided", code="application_open",
            application=latest.public_id,
        )  # fmt: skip
    if draft_of(db, party.party_id) is not None:
        return change_plan(
            db, clock=clock, by=by, party=party, product=product, principal=principal, instalments=instalments, branch=branch
        )
    version = _plan(db, clock, product, principal, instalments)
    branch_id = _branch(db, by, branch)
    public_id, number = new_id("ap"), next_chain_id(db)
    made = store.insert_file(
        db, application_id=number, public_id=public_id, party_id=party.party_id, branch_id=branch_id,
        officer_id=by.staff_id if isinstance(by, Staff) else None, channel=_channel(by), product_code=product, product_version=version,
        principal=principal, instalments=instalments, on=clock.today(), at=clock.now(),
    )  # fmt: skip
    if not made:
        raise Refusal("a draft was begun in another window just now; load the page anew", code="application_open")
    known = application(db, public_id, by)
    _record(db, clock, by, known, "application.started", _asked_for(known))
    return known


def change_plan(
    db: Db, *, clock: Clock, by: By, party: Party, product: str, principal: Money, instalments: int, branch: str | None = None
) -> Application:
    """Another sum, another number of instalments, another place, while the file is a draft."""
    _own_or_staff(by, party.public_id)
    held = draft_of(db, party.party_id, lock=True)
    if held is None:
        raise NotFound("there is no draft to change; begin one", code="no_application")
    known = application(db, held.public_id, by)
    after(known.state, ApplicationEvent.CHANGE_PLAN)
    version = _plan(db, clock, product, principal, instalments)
    store.write_plan(
        db, known.application_id, product=product, version=version, principal=principal, instalments=instalments,
        branch_id=_branch(db, by, branch) if branch else known.branch_id,
    )  # fmt: skip
    changed = application(db, known.public_id, by)
    _record(db, clock, by, changed, "application.planned", _asked_for(changed))
    return changed


def save(db: Db, *, clock: Clock, by: By, application_id: str, facts: Mapping[str, Any]) -> Application:
    """Put facts into the file: those of `facts.FACTS`, and name, id_number and address, which go to the person's own data.

    Each is checked by itself and BadInput names the first that does not hold; then nothing of this step is kept. Facts that
    say what the file says already are passed over. Of a file that was handed in, what makes the phone this phone stays.
    """
    known = _in_hand(db, by, application_id)
    after(known.state, ApplicationEvent.FILL_IN)
    return _keep(db, clock, by, known, facts, source="borrower" if isinstance(by, Actor) else _channel(by))


def attach(db: Db, *, clock: Clock, by: By, application_id: str, slot: str, data: bytes, name: str) -> Application:
    """Put a paper or picture into the file; an earlier one of the slot is kept behind it. BadInput for a wrong kind or size."""
    known = _in_hand(db, by, application_id)
    after(known.state, ApplicationEvent.FILL_IN)
    if slot not in SLOTS:
        raise BadInput(f"slot: a file has no place called {slot!r}; use one of {', '.join(SLOTS)}", field="slot")
    if len(data) > LARGEST_UPLOAD:
        raise BadInput(f"{slot}: a picture has at most {LARGEST_UPLOAD // 2**20} MB", code="upload_large", field=slot)
    try:
        kind = files.media_type(data)
    except BadInput:
        kind = ""
    if kind not in SLOTS[slot].kinds:
        raise BadInput(f"{slot}: send a picture (JPEG, PNG, WebP){_or_pdf(slot)}", code="upload_kind", field=slot)
    if store.paper_count(db, known.application_id) >= MOST_PAPERS:
        raise Refusal(f"a file holds {MOST_PAPERS} papers; what is here must do", code="papers_full", field=slot)
    person = party_by_id(db, known.party_id)
    kept = files.put(db, data, clock=clock, name=name, box=box_of(db, person), party_id=person.party_id)
    store.insert_paper(db, known.application_id, slot=slot, file_id=kept.file_id, at=clock.now())
    if known.loan_id is not None:
        files.link(db, loan_id=known.loan_id, file=kept, purpose=slot)
    _record(db, clock, by, known, "application.paper_put", {"slot": slot, "file": kept.public_id, "kind": kind}, {slot: kept.digest})
    return application(db, application_id, by)


def ask_consent_code(db: Db, *, clock: Clock, by: Staff, application_id: str, given: Mapping[str, bool]) -> CodeSent:
    """Send the borrower, who stands at the counter, the code that stands for exactly these consents; nothing is agreed to by it yet.

    It goes to the number of the file. BadInput for a purpose that nobody asks for; Refusal as in `contact.codes.send`.
    """
    known = _in_hand(db, by, application_id)
    after(known.state, ApplicationEvent.FILL_IN)
    _purposes(given)
    person = party_by_id(db, known.party_id)
    code_id = codes.send(
        db, clock=clock, chain_id=known.application_id, purpose=CONSENT, bound=_consented(known, given), party=person,
        language=person.language,
    )  # fmt: skip
    return CodeSent(code_id, codes.sent_to(db, code_id))


def agree(db: Db, *, clock: Clock, by: By, application_id: str, given: Mapping[str, bool], code: str | None = None) -> Application:
    """Keep which consents were given and which were not, each an act of its own with the version of its text.

    Nobody consents for somebody else. At the counter the borrower's own one-time code, sent for exactly these consents and
    proved, is the evidence (`ask_consent_code`); a program puts the signed sheet (slot `consent_sheet`) into the file first.
    """
    known = _in_hand(db, by, application_id)
    after(known.state, ApplicationEvent.FILL_IN)
    _purposes(given)
    person = party_by_id(db, known.party_id)
    shown = _evidence(db, clock, by, known, given, code)
    said: dict[str, str] = {}
    for purpose, yes in given.items():
        text = CONSENTS[purpose]
        version = text.version if yes else ""
        if known.consents.get(purpose, "") == version:
            continue
        record_consent(
            db, clock=clock, by=_actor(by), party=person, purpose=purpose, text_version=text.version, given=yes, channel=_channel(by),
            evidence=" ".join(filter(None, (shown, f"text {text.digest}"))),
        )  # fmt: skip
        said[purpose] = version
    if said:
        _append(db, clock, by, known, {"consents": said}, [f"consent_{purpose}" for purpose in said], _channel(by))
    return application(db, application_id, by)


def submit(db: Db, *, clock: Clock, by: By, application_id: str) -> Submitted:
    """Hand the file in: the loan is made, the duty to confirm it opens, the borrower is told.

    Refusal naming every field that is missing; Refusal if the plan is no longer offered or lawful as it was shown. A file that
    was given back goes on with the loan it has.
    """
    known = _in_hand(db, by, application_id)
    after(known.state, ApplicationEvent.SUBMIT)
    lacks = completeness(known, today=clock.today())
    if lacks:
        raise Refusal(
            "the file is not complete; it lacks " + "; ".join(f"{each.field}: {each.why}" for each in lacks),
            code="application_incomplete", missing=[each.field for each in lacks], field=lacks[0].field,
        )  # fmt: skip
    if known.loan_id is not None:
        return _completed(db, clock, by, known)
    version = _plan(db, clock, known.product_code, known.principal, known.instalments)
    if version != known.product_version:
        raise Refusal("the terms of this product have changed; look at the cost again before you apply", code="plan_changed", field="plan")
    return _submitted(db, clock, by, known)


def give_back(db: Db, *, clock: Clock, by: Staff, loan: str, fields: tuple[str, ...], words: str) -> Application:
    """Ask the borrower for what the file still needs; they find it on their page and hand the file in again."""
    require(by, INTAKE)
    if len(words.strip()) < SHORTEST_REASON:
        raise BadInput("words: say to the borrower what is needed and why", field="words")
    case = duties.take(db, loan, by.scope)
    case.must_be(LoanState.SUBMITTED)
    known = _of_case(db, case.loan.loan_id, by)
    state = after(known.state, ApplicationEvent.RETURN)
    if not fields or not set(fields) <= RETURNABLE:
        raise BadInput(f"fields: name what is needed, out of {', '.join(sorted(RETURNABLE))}", field="fields")
    store.write_state(db, known.application_id, state)
    store.insert_return(db, known.application_id, fields=fields, words=words.strip(), on=clock.today(), staff_id=by.staff_id)
    says = {"application": known.public_id, "fields": sorted(fields), "words": words.strip()}
    duties.enter(db, case, clock=clock, by=by.actor, kind="application.returned", says=says)
    _tell(db, clock, case, "application_returned")
    return application(db, known.public_id, by)


def supplement(db: Db, *, clock: Clock, by: Staff, loan: str, facts: Mapping[str, Any], source: str) -> Application:
    """Put into the file of a loan what was missing or was corrected, with who said it; the words before stay behind it."""
    require(by, INTAKE)
    if not source.strip():
        raise BadInput("source: say who said it and where", field="source")
    case = duties.take(db, loan, by.scope)
    case.must_be(*_BEFORE_MONEY)
    known = _of_case(db, case.loan.loan_id, by)
    after(known.state, ApplicationEvent.SUPPLEMENT)
    if not facts:
        raise BadInput("facts: name at least one", field="facts")
    changed = _keep(db, clock, by, known, facts, source=source.strip(), own_chain=False)
    box = box_of(db, party_by_id(db, known.party_id))
    seals = {field: box.keyed_hash(f"{field} {value}").hex() for field, value in changed.facts.items() if field in facts}
    says = {"application": known.public_id, "fields": sorted(facts), "source": source.strip()}
    duties.enter(db, case, clock=clock, by=by.actor, kind="application.supplemented", says=says, seals=seals)
    return changed


def withdraw(db: Db, *, clock: Clock, by: By, loan: str, words: str) -> Application:
    """Take the application back before any money was paid: the loan ends, and every duty with it.

    Refusal once the thing lies in custody: then it is handed back first, which ends the loan. Refusal while a payout is under way.
    """
    if isinstance(by, Staff):
        require(by, "application.withdraw")
        if len(words.strip()) < SHORTEST_REASON:
            raise BadInput("words: say why in a few words", field="words")
    case = duties.take(db, loan, by.scope if isinstance(by, Staff) else None)
    known = _of_case(db, case.loan.loan_id, by)
    case.must_be(*_BEFORE_MONEY)
    if case.open("hand_back") or case.open("pay_out"):
        raise Refusal(
            f"the phone of loan {loan} is in our custody; ask at the counter to have it handed back, that ends the loan",
            code="in_custody", loan=loan,
        )  # fmt: skip
    standing = [duty.kind for duty in case.standing]
    stuck = [kind for kind in standing if "application.withdrawn" not in DUTIES[kind].proofs]
    if stuck:
        raise Refusal(
            f"loan {loan} cannot be withdrawn while this is under way: {', '.join(stuck)}", code="under_way", duty=stuck[0], loan=loan
        )
    state = after(known.state, ApplicationEvent.WITHDRAW)
    says = {"application": known.public_id, "words": words.strip(), "by": "staff" if isinstance(by, Staff) else "borrower"}
    duties.enter(db, case, clock=clock, by=_actor(by), kind="application.withdrawn", says=says, to=LoanState.WITHDRAWN, closes=standing)
    store.write_state(db, known.application_id, state)
    _tell(db, clock, case, "application_withdrawn")
    return application(db, known.public_id, by)


def discard(db: Db, *, clock: Clock, by: By, application_id: str) -> Application:
    """Give up a draft: its owner withdraws it, staff close it when its owner does not come back."""
    known = _in_hand(db, by, application_id)
    if known.loan is not None:
        raise Refusal(f"application {application_id} was handed in; withdraw loan {known.loan}", code="application_state", loan=known.loan)
    event = ApplicationEvent.CLOSE if isinstance(by, Staff) else ApplicationEvent.WITHDRAW
    store.write_state(db, known.application_id, after(known.state, event))
    _record(db, clock, by, known, "application.given_up", {})
    return application(db, application_id, by)


def lapsing(db: Db, *, clock: Clock) -> list[str]:
    """The drafts that nobody has touched for the pack's days, by public id."""
    return store.untouched_since(db, clock.today() - timedelta(days=_draft_days(db, clock)))


def lapse(db: Db, *, clock: Clock, application_id: str) -> None:
    """Close a draft that nobody came back to, on record; whoever comes back begins anew. One that was touched meanwhile stays."""
    held = store.file_where(db, "a.public_id = %(id)s::text AND a.state = 'draft'", {"id": application_id})
    if held is None or application_id not in lapsing(db, clock=clock):
        return
    store.lock(db, held[0])
    known = newest_of(db, held[3])
    if known is None or known.public_id != application_id or known.state is not ApplicationState.DRAFT:
        return
    store.write_state(db, known.application_id, after(known.state, ApplicationEvent.CLOSE))
    _record(db, clock, SYSTEM, known, "application.lapsed", {"began_on": known.started_on.isoformat(), "days": _draft_days(db, clock)})


def _draft_days(db: Db, clock: Clock) -> int:
    known = lender(db)
    return pack_in_force(db, clock).number("application.draft_days", on=clock.today(), lender_type=known.lender_type)


# ── how it is done ─────────────────────────────────────────────────────────────────────────────────────────


def _submitted(db: Db, clock: Clock, by: By, known: Application) -> Submitted:
    person = party_by_id(db, known.party_id)
    thing = collateral.describe(
        db, clock=clock, by=_actor(by), model=str(known.facts["model"]), storage_gb=int(known.facts["storage_gb"]),
        grade=str(grade_of(known.facts)), imeis=known.imeis, colour=str(known.facts.get("colour", "")), party=person,
        evidence={each.slot: each.file for each in known.documents if each.slot in collateral.EVIDENCE},
    )  # fmt: skip
    contract_no = store.next_contract_number(db, clock.today())
    says = {
        **_asked_for(known), "application": known.public_id, "thing": thing.public_id, "purpose": known.purpose,
        "consents": {purpose: version for purpose, version in known.consents.items() if version}, "channel": known.channel,
    }  # fmt: skip
    case = duties.begin(
        db, clock=clock, by=_actor(by), branch_id=known.branch_id, officer_id=known.officer_id, party_id=known.party_id,
        borrower_label=person.label, product_code=known.product_code, product_version=known.product_version, contract_no=contract_no,
        currency=known.principal.currency, pack=pack_in_force(db, clock), kind="application.submitted", says=says,
        seals=_seals(db, person, known), opens=("confirm",),
    )  # fmt: skip
    for each in known.documents:
        files.link(db, loan_id=case.loan.loan_id, file=files.get(db, each.file), purpose=each.slot)
    collateral.offer_for(db, thing_id=thing.thing_id, loan_id=case.loan.loan_id)
    store.write_submitted(
        db, known.application_id, loan_id=case.loan.loan_id, thing_id=thing.thing_id, purpose=known.purpose, at=clock.now()
    )
    _tell(db, clock, case, "application_received", by=case.standing[0].due_on)
    return Submitted(case.loan.public_id, known.public_id, contract_no)


def _completed(db: Db, clock: Clock, by: By, known: Application) -> Submitted:
    """The file comes in again after it was given back; the loan it made goes on."""
    if known.loan is None:
        raise Fault(f"application {known.public_id} names a loan that is not there", code="loan_row_missing")
    case = duties.take(db, known.loan, None)
    person = party_by_id(db, known.party_id)
    says = {"application": known.public_id}
    duties.enter(db, case, clock=clock, by=_actor(by), kind="application.completed", says=says, seals=_seals(db, person, known))
    store.write_state(db, known.application_id, after(known.state, ApplicationEvent.SUBMIT))
    return Submitted(known.loan, known.public_id, case.loan.contract_no)


def _keep(
    db: Db, clock: Clock, by: By, known: Application, facts: Mapping[str, Any], *, source: str, own_chain: bool = True
) -> Application:
    """Check, seal and write; the file as it then stands."""
    person = party_by_id(db, known.party_id)
    private = {field: normal(field, str(value)) for field, value in facts.items() if field in PRIVATE}
    if "id_number" in private:
        _of_age(born_on(private["id_number"]), clock.today())
    if private and store.has_loan(db, person.party_id):
        _stays_the_same(known, private)
    read: dict[str, Fact] = {field: read_fact(field, value) for field, value in facts.items() if field not in PRIVATE}
    fresh = {field: value for field, value in read.items() if known.facts.get(field) != value}
    if known.loan_id is not None and (fixed := [field for field in fresh if field in THING]):
        raise Refusal(
            "which phone it is stays as it was handed in; withdraw and apply anew with another one", code="thing_fixed", field=fixed[0]
        )
    whole = {**known.facts, **fresh}
    if whole.get("sim") == "dual" and whole.get("imei1") == whole.get("imei2") and "imei1" in whole:
        raise BadInput(
            "imei2: this is the first IMEI again; a phone with two cards has two different ones", code="imei_twice", field="imei2"
        )
    for field, value in private.items():
        change_private(db, clock=clock, by=_actor(by), party=person, kind=field, text=value)
    held: dict[str, Any] = {"facts": fresh} if fresh else {}
    if "id_number" in private:
        held["born_on"] = born_on(private["id_number"]).isoformat()
    if held:
        _append(db, clock, by, known, held, [*private, *fresh], source, own_chain=own_chain)
    return application(db, known.public_id, by)


def _append(
    db: Db, clock: Clock, by: By, known: Application, held: Mapping[str, Any], fields: list[str], source: str, *, own_chain: bool = True
) -> None:
    entry = Entry(store.next_entry(db, known.application_id), tuple(fields), source, _actor(by).id, clock.now())
    box = box_of(db, party_by_id(db, known.party_id))
    plain = canonical.encode(dict(held))
    sealed = box.seal(plain, about(known.public_id, entry.entry_no))
    store.insert_entry(db, known.application_id, entry, sealed.nonce, sealed.sealed)
    if own_chain:
        says = {"fields": sorted(fields), "source": source}
        _record(db, clock, by, known, "application.saved", says, {"entry": box.keyed_hash(plain.decode()).hex()})


def _purposes(given: Mapping[str, bool]) -> None:
    for purpose in given:
        if purpose not in CONSENTS:
            raise BadInput(f"consent_{purpose}: nobody asks for this", field=f"consent_{purpose}")


def _evidence(db: Db, clock: Clock, by: By, known: Application, given: Mapping[str, bool], code: str | None) -> str:
    """What shows that the borrower agreed: nothing more where they tick the boxes themselves, else their code or their signed sheet."""
    if isinstance(by, Actor):
        return ""
    if _channel(by) == PROGRAM:
        sheet = known.document("consent_sheet")
        if sheet is None:
            raise Refusal("put the signed sheet of consents into the file first", code="no_consent_sheet", field="consent_sheet")
        return f"sheet {sheet.digest}"
    if code is None:
        raise Refusal(
            "only the borrower agrees: read each text out, send the code to the borrower's phone and type what the borrower reads to you",
            code="consent_code_needed", field="code",
        )  # fmt: skip
    proof = codes.spend(db, clock=clock, code_id=code, purpose=CONSENT, bound=_consented(known, given))
    return f"code {proof.code_id} to {proof.masked_number} proved {iso_instant(proof.proved_at)}"


def _consented(known: Application, given: Mapping[str, bool]) -> str:
    """What a code for consents is bound to: this file, and each text by its digest with the yes or the no to it."""
    said = {purpose: {"text": CONSENTS[purpose].digest, "given": yes} for purpose, yes in sorted(given.items())}
    return canonical.digest({"application": known.public_id, "consents": said})


def _stays_the_same(known: Application, private: Mapping[str, str]) -> None:
    """Who had a loan here is who they are: the counter changes a name or a number, never a form."""
    asked_for = known.asked.fields if known.asked is not None and known.state is ApplicationState.RETURNED else ()
    for field in ("name", "id_number"):
        if field in asked_for or field not in private or field not in known.private:
            continue
        if masked(field, private[field]) != known.private[field]:
            raise Refusal(
                f"{field}: this is not what stands on your file; if it has changed, come to the counter with your ID card",
                code="identity_fixed", field=field,
            )  # fmt: skip


def _of_age(born: date, today: date) -> None:
    if born > today:
        raise BadInput("id_number: the date of birth has not come yet", code="born_later", field="id_number")
    if age_on(born, today) < OF_AGE:
        raise BadInput(f"id_number: we lend to people of {OF_AGE} years and more", code="under_age", field="id_number")


def _plan(db: Db, clock: Clock, product: str, principal: Money, instalments: int) -> int:
    """The version of the product that is offered today, once the plan is one of its own and keeps the ceiling."""
    on = clock.today()
    version = products.version_in_force(db, product, on)
    if version.product.collateral != "phone":
        raise Refusal(f"product {product} is not applied for here", code="product_not_offered", field="product")
    terms = products.plan(version, principal=principal, instalments=instalments, disbursed_on=on)
    products.check_ceiling(terms, pack_in_force(db, clock), lender(db), on=on, product=product)
    return version.version


def _branch(db: Db, by: By, code: str | None) -> int:
    houses = branches(db)
    if code is None:
        if isinstance(by, Staff) and by.branch_id is not None:
            return by.branch_id
        if not houses:
            raise Refusal("this lender has no place of business yet; nobody can apply", code="no_branch")
        return houses[0].branch_id
    found = next((each for each in houses if each.code == code), None)
    if found is None:
        raise BadInput(f"branch: there is no branch {code}", field="branch")
    if isinstance(by, Staff) and by.reach is not Reach.ALL and found.branch_id != by.branch_id:
        raise Refusal("you take applications for your own branch", code="out_of_sight", field="branch")
    return found.branch_id


def _in_hand(db: Db, by: By, application_id: str) -> Application:
    """The file, locked, for its owner or for staff who take applications in."""
    if isinstance(by, Staff):
        require(by, INTAKE)
    return application(db, application_id, by, lock=True)


def _own_or_staff(by: By, party: str) -> None:
    if isinstance(by, Staff):
        require(by, INTAKE)
    elif by.id != party:
        raise NotFound("you have no such application", code="no_application")


def _of_case(db: Db, loan_id: int, by: By) -> Application:
    """The file of a loan that is within sight, locked: for staff it follows its loan, for a borrower it must be their own."""
    known = of_loan(db, loan_id, lock=True)
    if isinstance(by, Actor) and by.id != known.party:
        raise NotFound("you have no such application", code="no_application", field="loan")
    return known


def _asked_for(known: Application) -> dict[str, Any]:
    return {
        "product": known.product_code, "version": known.product_version, "principal": known.principal.as_json(),
        "instalments": known.instalments,
    }  # fmt: skip


def _seals(db: Db, person: Party, known: Application) -> dict[str, str]:
    """Digests of all that the file holds: its papers, and its facts under the person's own key."""
    facts = box_of(db, person).keyed_hash(canonical.encode(dict(known.facts)).decode()).hex()
    return {"facts": facts, **{each.slot: each.digest for each in known.documents}}


def _tell(db: Db, clock: Clock, case: duties.Case, template: str, *, by: date | None = None) -> None:
    """Promise the borrower a service message about their application."""
    params = {"contract": case.loan.contract_no[-4:], **({"by": by.isoformat()} if by else {})}
    contact.promise(
        db,
        contact.Promise(
            loan_id=case.loan.loan_id, duty_no=None, party_id=case.loan.party_id, purpose="service", channel="sms", template=template,
            params=params, on_date=clock.today(), send_from=clock.now(), send_until=clock.now() + _CONTACT_DAYS,
        ),
    )  # fmt: skip


def _record(
    db: Db, clock: Clock, by: By, known: Application, kind: str, says: Mapping[str, Any], seals: Mapping[str, str] | None = None
) -> None:
    """A record on the file's own chain."""
    write_record(
        db, clock=clock, by=_actor(by), chain_id=known.application_id, chain=known.public_id, kind=kind, says=says, seals=seals or {}
    )


def _actor(by: By) -> Actor:
    return by.actor if isinstance(by, Staff) else by


def _channel(by: By) -> str:
    if isinstance(by, Staff):
        return PROGRAM if by.role == "integrator" else COUNTER
    return BORROWER


def _or_pdf(slot: str) -> str:
    return " or a PDF" if "application/pdf" in SLOTS[slot].kinds else ""
