"""From the plan to the loan: what is kept, what is refused, and what stands on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from holdfast import applications, contact, files, parties
from holdfast.adapters.local_outbox import LocalOutbox
from holdfast.applications import CONSENTS, ApplicationState
from holdfast.collateral import things_of
from holdfast.contact import codes
from holdfast.duties import enter, freeze, take
from holdfast.duties.audit import examine
from holdfast.journal import Actor
from holdfast.kernel.errors import BadInput, Forbidden, NotFound, Refusal
from holdfast.kernel.money import Money
from holdfast.life import LoanState
from holdfast.parties import Staff
from holdfast.wiring import EXPECTATIONS
from tests.applications.people import DAY, FACTS, IMEI, NUMBER, PRIVATE, SECOND_IMEI, Applicant, Shop, id_number, kinds_of, picture

Db = psycopg.Connection[Any]


# Its last character does not fit the others.
MISTYPED = id_number()[:-1] + ("1" if id_number()[-1] != "1" else "2")


@pytest.fixture
def shop(db: Db) -> Shop:
    return Shop(db)


@pytest.fixture
def me(shop: Shop) -> Applicant:
    return shop.applicant()


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_that_is_offered_begins_a_draft(me: Applicant) -> None:
    known = me.start(4_000, 6, branch="T")
    assert (known.state, known.principal, known.instalments, known.branch) == ("draft", Money(400_000, "CNY"), 6, "T")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"yuan": 999}, "amount"), ({"yuan": 8_001}, "amount"), ({"instalments": 5}, "instalments"), ({"product": "none"}, "product"),
     ({"product": "phone"}, "amount"), ({"product": "vehicle"}, "product"), ({"branch": "NOWHERE"}, "branch")],
)  # fmt: skip
def test_a_plan_that_is_not_offered_begins_nothing(me: Applicant, given: dict[str, Any], field: str) -> None:
    with pytest.raises((BadInput, Refusal)) as refused:
        me.start(**given)
    assert refused.value.field == field
    assert applications.draft_of(me.db, me.party.party_id) is None


def test_a_plan_above_the_ceiling_begins_nothing(shop: Shop, me: Applicant) -> None:
    shop.reprice(30_000_000)  # 3 % a month
    with pytest.raises(Refusal) as refused:
        me.start()
    assert refused.value.code == "above_ceiling"


def test_another_plan_keeps_the_draft_and_what_was_filled_in(me: Applicant) -> None:
    first = me.start()
    me.save(model="iPhone 15")
    second = me.start(3_000, 12)
    assert second.public_id == first.public_id
    assert (second.principal.minor, second.instalments, second.facts["model"]) == (300_000, 12, "iPhone 15")


def test_terms_that_changed_since_are_looked_at_again_before_anything_is_handed_in(shop: Shop, me: Applicant) -> None:
    me.start()
    me.fill()
    shop.reprice(13_000_000)
    with pytest.raises(Refusal) as refused:
        me.submit()
    assert refused.value.code == "plan_changed"
    me.start()
    assert me.submit().loan


def test_one_application_at_a_time(me: Applicant) -> None:
    me.apply()
    with pytest.raises(Refusal) as refused:
        me.start()
    assert refused.value.code == "application_open"


# ── filling in ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_step_is_kept_as_it_is_left_and_the_newest_word_counts(me: Applicant) -> None:
    me.start()
    me.save(model="iPhone 14", storage_gb="128")
    me.save(model="iPhone 15")
    file = me.look()
    assert (file.facts["model"], file.facts["storage_gb"]) == ("iPhone 15", 128)
    assert [entry.fields for entry in applications.entries_of(me.db, file)] == [("model", "storage_gb"), ("model",)]


def test_a_step_with_one_bad_fact_keeps_nothing_of_it_and_says_which(me: Applicant) -> None:
    me.start()
    with pytest.raises(BadInput) as refused:
        me.save(model="iPhone 15", imei1="1")
    assert refused.value.field == "imei1"
    assert me.look().facts == {}


def test_what_identifies_the_person_is_kept_with_the_person_and_shown_masked(me: Applicant) -> None:
    me.start()
    file = me.save(**PRIVATE)
    assert file.private["name"] == "张*"
    assert file.private["id_number"].startswith("330203********")
    assert "张示例" not in repr(file)
    assert file.label == "张*"


@pytest.mark.parametrize(
    ("number", "code"),
    [(MISTYPED, "bad_input"), ("110105194912310029", "bad_input"), (id_number(DAY - timedelta(days=17 * 365)), "under_age"),
     (id_number(DAY + timedelta(days=1)), "born_later"), ("330203199013070011", "bad_input"), ("<script>", "bad_input")],
)  # fmt: skip
def test_an_id_number_that_cannot_be_an_adults_is_refused(me: Applicant, number: str, code: str) -> None:
    me.start()
    with pytest.raises(BadInput) as refused:
        me.save(name="张示例", id_number=number)
    assert (refused.value.field, refused.value.code) == ("id_number", code)
    assert "name" not in me.look().private


def test_who_turns_eighteen_today_may_apply(me: Applicant) -> None:
    assert me.apply(id_number=id_number(date(2008, 11, 23))).loan


@pytest.mark.parametrize("name", ["<b>张</b>", "张\x00示例", "", "robert'); drop table party;--"])
def test_a_name_that_is_none_is_refused(me: Applicant, name: str) -> None:
    me.start()
    with pytest.raises(BadInput) as refused:
        me.save(name=name)
    assert refused.value.field == "name"


def test_one_imei_twice_is_no_dual_sim_phone_in_whatever_order_it_is_typed(me: Applicant) -> None:
    me.start()
    me.save(sim="dual", imei1=IMEI)
    with pytest.raises(BadInput) as refused:
        me.save(imei2=IMEI)
    assert refused.value.code == "imei_twice"


@pytest.mark.parametrize(
    ("slot", "data", "code"),
    [("photo_front", b"%PDF-1.7 x", "upload_kind"), ("photo_front", b"hello", "upload_kind"), ("photo_front", b"", "upload_kind"),
     ("photo_front", b"<svg onload=alert(1)>", "upload_kind"), ("invoice", b"MZ\x90\x00", "upload_kind"),
     ("photo_front", b"\xff\xd8\xff" + b"0" * (10 * 2**20), "upload_large"), ("../etc/passwd", b"%PDF-1.7", "bad_input")],
)  # fmt: skip
def test_what_is_no_picture_of_the_right_kind_and_size_is_refused(me: Applicant, slot: str, data: bytes, code: str) -> None:
    me.start()
    with pytest.raises(BadInput) as refused:
        me.attach(slot, data)
    assert refused.value.code == code
    assert me.look().documents == ()


def test_an_invoice_may_be_a_pdf(me: Applicant) -> None:
    me.start()
    assert me.attach("invoice", b"%PDF-1.7 sample").document("invoice") is not None


def test_a_picture_is_sealed_under_the_persons_key_and_the_newest_counts(me: Applicant) -> None:
    me.start()
    first = me.attach("photo_front").document("photo_front")
    second = me.attach("photo_front", picture(200)).document("photo_front")
    assert first is not None
    assert second is not None
    assert first.file != second.file
    stored = files.get(me.db, second.file)
    assert stored.party_id == me.party.party_id
    assert isinstance(me.by, Actor)
    assert applications.own_document(me.db, by=me.by, application_id=me.id, file=second.file)[1] == picture(200)


def test_consents_are_acts_of_their_own_with_the_version_of_their_text(me: Applicant) -> None:
    me.start()
    me.agree(service=True, marketing=False)
    assert parties.consents(me.db, me.party, "service")
    assert not parties.consents(me.db, me.party, "marketing")
    row = me.db.execute("SELECT text_version, channel, evidence FROM consent WHERE purpose = 'service'").fetchone()
    assert row == (CONSENTS["service"].version, "phone", f"text {CONSENTS['service'].digest}")
    me.agree(service=False)
    assert not parties.consents(me.db, me.party, "service")
    with pytest.raises(BadInput):
        me.agree(everything=True)


def test_the_same_number_leads_to_the_same_file_on_another_day(shop: Shop, me: Applicant) -> None:
    me.start()
    me.save(**PRIVATE, **FACTS)
    again = Applicant(shop, parties.find(shop.db, "phone", NUMBER)[0], me.by)
    found = applications.newest_of(shop.db, again.party.party_id)
    assert found is not None
    assert (found.public_id, dict(found.facts)) == (me.id, me.look().facts)


# ── handing in ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_lacks_something_is_refused_by_the_name_of_each_field(me: Applicant) -> None:
    me.start()
    me.fill(model=None, housing=None)
    with pytest.raises(Refusal) as refused:
        me.submit()
    assert refused.value.code == "application_incomplete"
    assert refused.value.facts["missing"] == ["model", "housing"]
    assert "model: the phone's model" in refused.value.sentence
    assert me.look().loan is None


def test_handing_in_makes_the_loan_the_thing_and_the_duty_to_confirm(shop: Shop, me: Applicant) -> None:
    done = me.apply()
    case = take(shop.db, done.loan, None)
    assert (case.loan.state, case.loan.contract_no) == (LoanState.SUBMITTED, "HF-202611-000001")
    assert [(duty.kind, duty.role) for duty in case.standing] == [("confirm", "caller")]
    file = applications.of_loan(shop.db, case.loan.loan_id)
    assert (file.state, file.purpose, file.answers["monthly_income_minor"]) == ("submitted", "daily_life", 900_000)
    (thing,) = things_of(shop.db, case.loan.loan_id)
    assert (thing.thing_id, thing.model, thing.grade, len(thing.imeis)) == (file.thing_id, "iPhone 15", "B", 2)
    assert set(thing.evidence) == {"invoice", "photo_front", "photo_back", "photo_screen"}
    assert {purpose for _file, purpose in files.of_loan(shop.db, case.loan.loan_id)} >= {"id_front", "invoice", "photo_screen"}
    assert list(kinds_of(shop.db, done.loan)) == ["application.submitted"]


def test_no_record_of_an_application_holds_what_identifies_the_person_or_the_phone(shop: Shop, me: Applicant) -> None:
    me.apply()
    told = b" ".join(bytes(row[0]) for row in shop.db.execute("SELECT body FROM record").fetchall()).decode()
    for secret in ("张示例", PRIVATE["id_number"], PRIVATE["address"], NUMBER, IMEI, SECOND_IMEI, "900000", "iPhone 14"):
        assert secret not in told
    kept = shop.db.execute("SELECT string_agg(encode(sealed, 'escape'), '') FROM application_entry").fetchone()
    assert kept is not None
    assert IMEI not in kept[0]


def test_the_borrower_is_told_that_it_came_in_and_by_when_we_call(shop: Shop, me: Applicant) -> None:
    me.apply()
    contact.dispatch(shop.db, {"sms": LocalOutbox()}, clock=shop.clock, limit=10)
    row = shop.db.execute("SELECT body, state FROM message").fetchone()
    assert row is not None
    assert "已收到您的借款申请" in row[0]
    assert row[1] == "delivered"


def test_contract_numbers_count_up_within_the_month(shop: Shop) -> None:
    numbers = [shop.applicant(f"1391234567{last}").apply(id_number=id_number(order=last + 1)).contract_no for last in (1, 2, 3)]
    assert numbers == ["HF-202611-000001", "HF-202611-000002", "HF-202611-000003"]


def test_a_file_is_handed_in_once(me: Applicant) -> None:
    me.apply()
    with pytest.raises(Refusal) as refused:
        me.submit()
    assert refused.value.code == "application_state"
    with pytest.raises(Refusal):
        me.save(model="iPhone 16")
    with pytest.raises(Refusal):
        me.attach("invoice")


def test_nothing_is_missed_after_every_verb(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    officer = shop.hire("officer")
    applications.give_back(shop.db, clock=shop.clock, by=officer, loan=loan, fields=("invoice",), words="发票看不清，请重拍")
    me.attach("invoice", picture(9))
    me.submit()
    other = shop.applicant("13912345670")
    applications.withdraw(shop.db, clock=shop.clock, by=other.by, loan=other.apply(id_number=id_number(order=9)).loan, words="")
    found = examine(shop.db, DAY, EXPECTATIONS)
    assert (list(found.missing), list(found.late), list(found.unproved)) == ([], [], [])


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_sees_or_touches_anothers_file(shop: Shop, me: Applicant) -> None:
    me.start()
    me.fill()
    other = shop.applicant("13800138000")
    other.id = me.id
    for act in (
        other.look, other.submit, lambda: other.save(model="mine now"), lambda: other.attach("invoice"), lambda: other.agree(service=True),
        lambda: applications.discard(shop.db, clock=shop.clock, by=other.by, application_id=me.id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    loan = me.submit().loan
    with pytest.raises(NotFound):
        applications.withdraw(shop.db, clock=shop.clock, by=other.by, loan=loan, words="")
    with pytest.raises(NotFound):
        applications.start(
            shop.db, clock=shop.clock, by=other.by, party=me.party, product="phone-pledge", principal=Money(400_000, "CNY"), instalments=6
        )


def test_who_has_had_a_loan_is_who_they_are(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")
    me.start()
    me.save(name="张示例", id_number=PRIVATE["id_number"], address="示例省别处")
    for changed in ({"name": "王示例"}, {"id_number": id_number(date(1985, 1, 1))}):
        with pytest.raises(Refusal) as refused:
            me.save(**changed)
        assert refused.value.code == "identity_fixed"
    assert me.look().private["name"] == "张*"


# ── staff ────────────────────────────────────────────────────────────────────────────────────────────────────


def at_counter(shop: Shop, role: str = "officer", number: str = "138 0013 8000") -> Applicant:
    """Somebody who stands at the counter, with a draft."""
    staff = shop.hire(role, scope="own" if role == "officer" else "all")
    person = applications.person_at_counter(shop.db, clock=shop.clock, by=staff, number=number)
    guest = Applicant(shop, person, staff)
    guest.start(branch="T")
    return guest


def test_an_officer_takes_an_application_in_for_somebody_at_the_counter(shop: Shop) -> None:
    guest = at_counter(shop)
    officer = guest.by
    assert isinstance(officer, Staff)
    guest.fill()
    loan = guest.submit().loan
    case = take(shop.db, loan, officer.scope)
    assert case.loan.officer_id == officer.staff_id
    assert guest.look().channel == "counter"
    row = shop.db.execute("SELECT DISTINCT channel, left(evidence, 8) FROM consent").fetchone()
    assert row == ("counter", "code oc_")


def test_nobody_of_the_staff_consents_for_the_borrower(shop: Shop) -> None:
    guest = at_counter(shop)
    staff = guest.by
    assert isinstance(staff, Staff)

    def agree(code: str | None, **given: bool) -> None:
        applications.agree(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given=given, code=code)

    with pytest.raises(Refusal) as refused:
        agree(None, service=True)
    assert refused.value.code == "consent_code_needed"
    guest.attach("consent_sheet")
    with pytest.raises(Refusal) as refused:
        agree(None, service=True)
    assert refused.value.code == "consent_code_needed", "a sheet in the file is no consent at the counter"
    assert shop.db.execute("SELECT count(*) FROM consent").fetchone() == (0,)


def test_a_code_stands_for_the_very_consents_that_were_read_and_for_no_other(shop: Shop) -> None:
    guest = at_counter(shop)
    staff = guest.by
    assert isinstance(staff, Staff)
    sent = applications.ask_consent_code(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given={"service": True})
    with pytest.raises(Refusal) as refused:
        applications.agree(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given={"service": True}, code=sent.code_id)
    assert refused.value.code == "code_not_proved"
    assert codes.attempt(shop.db, clock=shop.clock, code_id=sent.code_id, digits=shop.digits())
    for other in ({"service": True, "marketing": True}, {"service": False}, {"marketing": True}):
        with pytest.raises(Refusal) as refused:
            applications.agree(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given=other, code=sent.code_id)
        assert refused.value.code == "code_bound"
    assert applications.agree(
        shop.db, clock=shop.clock, by=staff, application_id=guest.id, given={"service": True}, code=sent.code_id
    ).consents == {"service": CONSENTS["service"].version}
    with pytest.raises(Refusal) as refused:
        applications.agree(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given={"service": True}, code=sent.code_id)
    assert refused.value.code == "code_used"


def test_the_code_for_consents_is_said_at_the_counter_and_the_message_says_so(shop: Shop) -> None:
    guest = at_counter(shop)
    staff = guest.by
    assert isinstance(staff, Staff)
    applications.ask_consent_code(shop.db, clock=shop.clock, by=staff, application_id=guest.id, given={"service": True})
    shop.digits()
    assert "同意柜台刚念给您的各项授权" in shop.carrier.letters[-1].text
    assert "只告诉正在为您办理的工作人员" in shop.carrier.letters[-1].text


def test_what_the_borrower_agreed_to_on_their_own_phone_stands_at_the_counter_too(shop: Shop) -> None:
    guest = at_counter(shop)
    own = Applicant(shop, guest.party, applications.actor_of(guest.party), guest.id)
    own.agree()
    assert [each.field for each in applications.completeness(guest.look(), today=DAY) if each.step == "consents"] == []


def test_a_program_puts_the_signed_sheet_into_the_file_first(shop: Shop) -> None:
    guest = at_counter(shop, "integrator")
    with pytest.raises(Refusal) as refused:
        guest.agree(service=True)
    assert refused.value.code == "no_consent_sheet"
    guest.fill()
    guest.submit()
    assert shop.db.execute("SELECT DISTINCT channel, left(evidence, 6) FROM consent").fetchone() == ("program", "sheet ")


@pytest.mark.parametrize("role", ["approver", "custodian", "risk", "auditor", "admin"])
def test_other_roles_take_in_supplement_and_withdraw_nothing(shop: Shop, me: Applicant, role: str) -> None:
    loan = me.apply().loan
    other = shop.hire(role)
    for act in (
        lambda: applications.person_at_counter(shop.db, clock=shop.clock, by=other, number=NUMBER),
        lambda: applications.supplement(shop.db, clock=shop.clock, by=other, loan=loan, facts={"colour": "black"}, source="call 1"),
        lambda: applications.withdraw(shop.db, clock=shop.clock, by=other, loan=loan, words="no more"),
        lambda: applications.give_back(shop.db, clock=shop.clock, by=other, loan=loan, fields=("invoice",), words="please"),
        lambda: applications.discard(shop.db, clock=shop.clock, by=other, application_id=me.id),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            act()


def test_a_role_that_takes_in_nothing_cannot_fill_in_or_hand_in(shop: Shop, me: Applicant) -> None:
    me.start()
    me.fill()
    me.by = shop.hire("auditor")
    for act in (me.submit, lambda: me.save(model="x"), lambda: me.attach("invoice"), lambda: me.agree(service=True)):
        with pytest.raises(Forbidden):
            act()


def test_a_file_of_another_branch_is_out_of_sight(shop: Shop, me: Applicant) -> None:
    me.start(branch="T")
    me.fill()
    loan = me.submit().loan
    east, home = shop.hire("officer", scope="branch", branch="EAST"), shop.hire("officer", scope="branch", branch="T")
    assert [line.public_id for line in applications.listing(shop.db, home.scope)] == [me.id]
    assert applications.listing(shop.db, east.scope) == []
    acts: list[Callable[[], object]] = [
        lambda: applications.application(shop.db, me.id, east),
        lambda: applications.withdraw(shop.db, clock=shop.clock, by=east, loan=loan, words="no more"),
        lambda: applications.supplement(shop.db, clock=shop.clock, by=east, loan=loan, facts={"colour": "black"}, source="call 1"),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()


def test_what_is_supplemented_stands_with_its_source_and_the_word_before_stays(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    caller = shop.hire("caller")
    facts = {"monthly_income_minor": "850000", "colour": "black"}
    file = applications.supplement(shop.db, clock=shop.clock, by=caller, loan=loan, facts=facts, source="call ca_1")
    assert (file.facts["monthly_income_minor"], file.facts["colour"]) == (850_000, "black")
    last = applications.entries_of(shop.db, file)[-1]
    assert (last.source, last.by, set(last.fields)) == ("call ca_1", caller.public_id, set(facts))
    row = shop.db.execute("SELECT body FROM record WHERE kind = 'application.supplemented'").fetchone()
    assert row is not None
    says = json.loads(bytes(row[0]))["says"]
    assert (says["fields"], says["source"]) == (["colour", "monthly_income_minor"], "call ca_1")
    assert "850000" not in bytes(row[0]).decode()
    for facts, source, error in (({}, "call", BadInput), ({"colour": "red"}, " ", BadInput), ({"imei1": SECOND_IMEI}, "call", Refusal)):
        with pytest.raises(error):
            applications.supplement(shop.db, clock=shop.clock, by=caller, loan=loan, facts=facts, source=source)


def test_a_file_given_back_says_what_is_needed_and_comes_in_again_for_the_same_loan(shop: Shop, me: Applicant) -> None:
    done = me.apply()
    officer = shop.hire("officer")
    given_back = applications.give_back(
        shop.db, clock=shop.clock, by=officer, loan=done.loan, fields=("invoice",), words="发票看不清，请重拍"
    )
    assert given_back.state is ApplicationState.RETURNED
    assert given_back.asked is not None
    assert (given_back.asked.fields, given_back.asked.words) == (("invoice",), "发票看不清，请重拍")
    with pytest.raises(Refusal) as refused:
        me.save(imei1=SECOND_IMEI)
    assert refused.value.code == "thing_fixed"
    me.attach("invoice", picture(7))
    assert me.submit() == done
    assert list(kinds_of(shop.db, done.loan)) == ["application.submitted", "application.returned", "application.completed"]
    with pytest.raises(BadInput):
        applications.give_back(shop.db, clock=shop.clock, by=officer, loan=done.loan, fields=("imei1",), words="another phone")


def test_a_paper_is_opened_with_a_reason_that_is_on_record_first(shop: Shop, me: Applicant) -> None:
    me.start()
    held = me.attach("id_front").document("id_front")
    assert held is not None
    officer, auditor = shop.hire("officer"), shop.hire("auditor")
    document, data = applications.reveal_document(
        shop.db, clock=shop.clock, by=officer, application_id=me.id, file=held.file, reason="checking the file"
    )
    assert (document.slot, data) == ("id_front", picture())
    assert "party.revealed" in list(kinds_of(shop.db, me.party.public_id))
    for by, reason, error in ((officer, " ", BadInput), (auditor, "checking", Forbidden)):
        with pytest.raises(error):
            applications.reveal_document(shop.db, clock=shop.clock, by=by, application_id=me.id, file=held.file, reason=reason)
    with pytest.raises(NotFound):
        applications.reveal_document(shop.db, clock=shop.clock, by=officer, application_id=me.id, file="fl_none", reason="checking")


# ── taking it back ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_given_up_by_its_owner_or_closed_by_staff(shop: Shop, me: Applicant) -> None:
    me.start()
    assert applications.discard(shop.db, clock=shop.clock, by=me.by, application_id=me.id).state == "withdrawn"
    me.start()
    assert applications.discard(shop.db, clock=shop.clock, by=shop.hire("officer"), application_id=me.id).state == "closed"


def test_withdrawing_ends_the_loan_and_every_duty_on_it(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    file = applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")
    case = take(shop.db, loan, None)
    assert (file.state, case.loan.state, case.standing) == ("withdrawn", LoanState.WITHDRAWN, [])
    with pytest.raises(Refusal):
        applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")


def test_staff_who_withdraw_say_why(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    with pytest.raises(BadInput) as refused:
        applications.withdraw(shop.db, clock=shop.clock, by=shop.hire("officer"), loan=loan, words=" ")
    assert refused.value.field == "words"


def test_a_frozen_loan_is_not_withdrawn(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    freeze(shop.db, take(shop.db, loan, None), clock=shop.clock, by=shop.hire("caller").actor, reason="fraud", words="示例：证件可疑")
    with pytest.raises(Refusal) as refused:
        applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")
    assert refused.value.code == "loan_frozen"


def test_a_phone_in_custody_is_handed_back_before_anything_ends(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    system = Actor("system", "system")
    for kind, closes, opens, to in (
        ("confirmation.completed", "confirm", "decide", LoanState.CONFIRMED), ("decision.approved", "decide", "sign", LoanState.DECIDED),
        ("contract.sealed", "sign", "take_in", LoanState.SIGNED), ("custody.taken_in", "take_in", "pay_out", None),
    ):  # fmt: skip
        case = take(shop.db, loan, None)
        enter(shop.db, case, clock=shop.clock, by=system, kind=kind, says={}, closes=(closes,), opens=(opens,), to=to)
    with pytest.raises(Refusal, match="custody") as refused:
        applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")
    assert refused.value.code == "in_custody"
    assert take(shop.db, loan, None).loan.state is LoanState.SIGNED


def test_a_payout_whose_answer_is_unknown_keeps_the_loan_alive(shop: Shop, me: Applicant) -> None:
    loan = me.apply().loan
    case = take(shop.db, loan, None)
    enter(shop.db, case, clock=shop.clock, by=Actor("system", "system"), kind="payout.unknown", says={}, opens=("payout_enquiry",))
    with pytest.raises(Refusal) as refused:
        applications.withdraw(shop.db, clock=shop.clock, by=me.by, loan=loan, words="")
    assert refused.value.code == "under_way"
