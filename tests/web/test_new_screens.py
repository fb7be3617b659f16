"""Counter intake, what stands behind a loan, and what decides: drawn in both languages, each form does its verb or says why not."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from holdfast import applications, decisioning, pledges, wiring
from holdfast.collateral import custody
from holdfast.parties import Reach, Role
from tests.applications.people import FACTS, PRIVATE, Shop, picture
from tests.pledges.lives import QUICK, House
from tests.pledges.test_further import offer
from tests.web.screens import Person, live_at

Db = psycopg.Connection[Any]


def png(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(), content_type="image/png")


# -- assisted intake --------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(db: Db, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(db)
    live_at(monkeypatch, shop)
    return shop


def begun(shop: Shop, officer: Person, number: str = "13800138000") -> str:
    page = officer.see("/applications/new")
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen is not None and "What it costs in all" in page
    plan = {"product": "phone-pledge", "amount": "4000", "instalments": "6", "branch": "T"}
    shown = officer.client.post("/applications/new", {**plan, "recount": "1"}, headers={"Accept-Language": "en"}).content.decode()
    mark = re.search(r'name="seen" value="([^"]+)"', shown)
    key = re.search(r'name="key" value="([^"]+)"', shown)
    assert mark is not None and key is not None
    response = officer.client.post(
        "/applications/new", {**plan, "seen": mark[1], "begin": "1", "number": number, "language": "zh-hans", "key": key[1]}
    )
    assert response.status_code == 302, response.content.decode()[:2000]
    found = re.search(r"/applications/(ap_\w+)/fill/you", response.headers["Location"])
    assert found is not None
    return found[1]


def test_an_application_is_taken_in_at_the_counter_from_the_cost_to_the_loan(shop: Shop) -> None:
    officer = Person(shop.db, shop.hire("officer"))
    file = begun(shop, officer)
    fill = f"/applications/{file}/fill"
    wrong = officer.send(f"{fill}/you", status=422, **{**dict(PRIVATE), "id_number": "330203199003070000"})
    assert "does not fit the others" in wrong.content.decode()
    officer.send(f"{fill}/you", **PRIVATE, id_front=png("f.png"), id_back=png("b.png"))
    phone: dict[str, Any] = {
        name: str(FACTS[name]) for name in ("model", "storage_gb", "screen", "body", "works", "opened", "sim", "imei1", "imei2")
    }
    officer.send(f"{fill}/phone", **phone, later="1")
    resumed = officer.send("/applications/new", "/applications/resume", number="13800138000")
    assert resumed.headers["Location"] == f"{fill}/proof"
    papers: dict[str, Any] = {slot: png(f"{slot}.png") for slot in ("invoice", "photo_front", "photo_back", "photo_screen")}
    officer.send(f"{fill}/proof", account_signed_out="on", declaration="on", **papers)
    means: dict[str, Any] = {"purpose": "daily_life", "monthly_income_minor": "9000", "monthly_obligations_minor": "1500",
                             "existing_loans": "1",
             "employment_years": "6", "residence_years": "4", "housing": "rent", "savings_band": "medium"}  # fmt: skip
    officer.send(f"{fill}/money", **means)
    for language, told in (("en", "You cannot give them"), ("zh", "你不能代为同意")):
        assert told in officer.see(f"{fill}/consents", language)
    needed = {f"consent_{text.purpose}": "on" for text in applications.CONSENTS.values() if text.needed}
    sent = officer.client.post(f"{fill}/consents", needed, headers={"Accept-Language": "en"}).content.decode()
    code_id, key = (re.search(rf'name="{name}" value="([^"]+)"', sent) for name in ("code_id", "key"))
    assert code_id is not None and key is not None and "138****8000" in sent
    typed = {**needed, "code_id": code_id[1], "key": key[1]}
    assert officer.client.post(f"{fill}/consents", {**typed, "code": "000000"}).status_code == 422
    assert officer.client.post(f"{fill}/consents", {**typed, "code": shop.digits()}).status_code == 302
    page = f"/applications/{file}"
    officer.send(page, f"{page}/submission")
    known = applications.application(shop.db, file, shop.hire("risk"))
    assert (known.state, known.channel) == ("submitted", "counter") and known.loan is not None


def test_a_code_typed_under_other_consents_than_were_read_out_keeps_none(shop: Shop) -> None:
    officer = Person(shop.db, shop.hire("officer"))
    fill = f"/applications/{begun(shop, officer)}/fill/consents"
    sent = officer.client.post(fill, {"consent_service": "on"}).content.decode()
    code_id, key = (re.search(rf'name="{name}" value="([^"]+)"', sent) for name in ("code_id", "key"))
    assert code_id is not None and key is not None
    more = {"consent_service": "on", "consent_marketing": "on", "code_id": code_id[1], "key": key[1], "code": shop.digits()}
    assert officer.client.post(fill, more).status_code == 422
    assert shop.db.execute("SELECT count(*) FROM consent").fetchone() == (0,)


def test_no_consent_box_is_ticked_by_leaving_a_step(shop: Shop) -> None:
    officer = Person(shop.db, shop.hire("officer"))
    file = begun(shop, officer)
    everything = {f"consent_{purpose}": "on" for purpose in applications.CONSENTS}
    officer.client.post(f"/applications/{file}/fill/consents", everything)
    assert applications.application(shop.db, file, shop.hire("risk")).consents == {}


@pytest.mark.parametrize("role", ["approver", "custodian", "risk", "auditor", "admin"])
def test_other_roles_take_nothing_in_at_the_counter(shop: Shop, role: str) -> None:
    file = begun(shop, Person(shop.db, shop.hire("officer")))
    other = Person(shop.db, shop.hire(role))
    for path in ("/applications/new", f"/applications/{file}/fill/you"):
        other.see(path, status=403)
    for path in ("/applications/resume", f"/applications/{file}/submission"):
        assert other.client.post(path, {"key": "a-key-of-somebody", "number": "13800138000"}).status_code == 403


def test_a_number_without_a_draft_within_sight_is_told_alike(shop: Shop) -> None:
    begun(shop, Person(shop.db, shop.hire("officer")))
    far = Person(shop.db, shop.hire("officer", scope="branch", branch="EAST"))
    told = [far.client.post("/applications/resume", {"key": "a-key-of-this-form", "number": number}, follow=True).content.decode()
            for number in ("13800138000", "13912345670")]  # fmt: skip
    assert all("没有在填的申请" in each or "is being filled in under this number" in each for each in told)


# -- what stands behind a loan ------------------------------------------------------------------------------------------


@pytest.fixture
def house(db: Db, monkeypatch: pytest.MonkeyPatch) -> House:
    from datetime import date

    house = House(db, date(2026, 11, 20), ports=QUICK)
    live_at(monkeypatch, house)
    monkeypatch.setattr(wiring, "PRESS", QUICK["press"])
    monkeypatch.setattr(wiring, "NOTARY", QUICK["notary"])
    return house


def test_a_substitution_is_walked_by_screens_from_the_thing_brought_to_the_first_one_owed_back(house: House) -> None:
    loan, first, held = house.lent()
    keeper, second = Person(house.db, house.chen), Person(house.db, house.approver)
    page = f"/loans/{loan}/pledges"
    for language, told in (("en", "What stands behind the loan"), ("zh", "借款的担保")):
        assert told in keeper.see(page, language)
    assert "It cannot go home now" in keeper.see(page), "1,200.00 is owed and nothing would remain"
    brought = {"model": "示例机 X9", "storage_gb": "256", "screen": "clean", "body": "clean", "works": "all", "opened": "no",
               "sim": "single", "imei1": "004400009999990"}  # fmt: skip
    wrong = keeper.client.post(f"{page}/thing", {"key": "a-key-of-this-form", **brought}, headers={"Accept-Language": "en"})
    assert wrong.status_code == 422 and "This is no IMEI" in wrong.content.decode()
    about = offer(house, loan, first)
    shown = keeper.see(page)
    assert "Brought, not pledged" in shown and "3,600.00" in shown
    take_in = f"{page}/things/{about.public_id}?instead_of={held.public_id}"
    assert "covered: the exchange may be asked for" in keeper.see(take_in)
    seen = house.seen(about, "A-02-01")
    key = re.search(r'name="key" value="([^"]+)"', keeper.see(take_in))
    assert key is not None
    sent = keeper.client.post(
        take_in,
        {"key": key[1], "imei1": seen.imeis[0], "imei2": seen.imeis[1], "lock_off": "on", "sim_out": "on", "seal_no": seen.seal_no,
         "slot": "A-02-01", "reason": "借款人要换一部", **{f"photo_{what}": png(f"{what}.png") for what in pledges.PHOTOS}},
    )  # fmt: skip
    assert sent.status_code == 302, re.sub(r"<[^>]+>", " ", sent.content.decode())[:2000]
    assert pledges.named(house.db, held.public_id).state == "delivered", "nothing has happened before the second person's yes"
    waits = second.see(page)
    assert "Then stands behind it" in waits and "CNY 3,600.00" in waits
    action = re.search(r'action="(/things/requests/[^"]+)"', waits)
    assert action is not None
    second.send(page, action[1], approved="yes", words="看过实物与封签", back=page)
    assert pledges.named(house.db, held.public_id).state == "lifted"
    after = keeper.see(page)
    assert "To be handed back" in after and "Thing substituted" in after


def test_one_of_two_things_goes_home_if_the_other_covers(house: House) -> None:
    loan, first, held = house.lent()
    about = offer(house, loan, first)
    asked = pledges.ask_add(
        house.db, clock=house.clock, by=house.chen, loan=loan, thing=about.public_id, seen=house.seen(about, "A-02-01"), reason="追加担保"
    )
    house.yes(asked.request.public_id)
    page, officer = f"/loans/{loan}/pledges", Person(house.db, house.officer)
    new = asked.pledge
    assert new is not None
    officer.send(page, f"{page}/{new.public_id}/release", reason="借款人要用这部")
    assert officer.client.post(f"{page}/{new.public_id}/release", {"key": "another-key-here", "reason": ""}).status_code == 422

    second, keeper = Person(house.db, house.approver), Person(house.db, house.chen)
    waits = second.see(page)
    assert "What would remain" in waits or "Then stands behind it" in waits
    action = re.search(r'action="(/things/requests/[^"]+)"', waits)
    assert action is not None
    assert not re.search(r'action="/things/requests/', officer.see(page)), "who asked is offered no yes"
    second.send(page, action[1], approved="yes", words="看过账目与另一件", back=page)
    assert (pledges.named(house.db, new.public_id).state, pledges.named(house.db, held.public_id).state) == ("lifted", "delivered")
    assert house.duty_kinds(loan) >= {"hand_back"}, "from now on somebody owes its owner the thing"
    assert "To be handed back" in officer.see(page)

    def where() -> str:
        item = custody.item_of(house.db, new.thing_id)
        assert item is not None
        return str(item.state)

    on_loan, hand = f"/loans/{loan}", f"/loans/{loan}/custody/handback"
    seal_no = next(each.seal_no for each in custody.holds(house.db, house.number(loan)) if each.thing_id == new.thing_id)
    other = next(each.seal_no for each in custody.holds(house.db, house.number(loan)) if each.thing_id != new.thing_id)
    for wrong, told in (("SL-00000", "seal"), (other, "pledge")):
        keeper.send(on_loan, hand, seal_no=wrong, identity_seen="on")
        assert told in keeper.see(on_loan)
        assert not re.search(r'action="/things/requests/', second.see(page)), "nothing is asked for a thing that may not leave"
    keeper.send(on_loan, hand, seal_no=seal_no, identity_seen="on")
    assert where() == "in_custody", "it leaves with the second person's yes, not before"
    action = re.search(r'action="(/things/requests/[^"]+)"', second.see(page))
    assert action is not None
    second.send(page, action[1], approved="yes", words="本人到场，封签完好", back=page)
    assert where() == "handed_back"
    assert "hand_back" not in house.duty_kinds(loan)
    assert house.state(loan) == "active"
    after = keeper.see(page)
    assert "Released in part" in after and "Handed back" in after
    chain = [row[0] for row in house.db.execute("SELECT kind FROM record WHERE loan_id = %s ORDER BY seq", [new.thing_id])]
    assert chain[-2:] == ["custody.to_hand_back", "custody.handed_back"], "the thing's own chain tells it too"
    assert house.audit().clean


@pytest.mark.parametrize("role", ["officer", "approver", "risk"])
def test_only_custodians_bring_and_take_in(house: House, role: str) -> None:
    loan, first, _held = house.lent()
    about = offer(house, loan, first)
    who = {"officer": house.officer, "approver": house.approver, "risk": house.risk}[role]
    other = Person(house.db, who)
    for path in (f"/loans/{loan}/pledges/thing", f"/loans/{loan}/pledges/things/{about.public_id}"):
        other.see(path, status=403)
    other.see(f"/loans/{loan}/pledges")


# -- what decides ----------------------------------------------------------------------------------------------------------


def file(name: str, text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), content_type="application/json")


def test_a_table_with_a_gap_is_told_in_plain_words_and_a_whole_one_is_put_in_force_by_another(shop: Shop) -> None:
    risk, approver = Person(shop.db, shop.hire("risk")), Person(shop.db, shop.hire("approver"))
    _card, table = decisioning.in_force(shop.db)
    page, propose = "/decision-rules", "/decision-rules/propose"
    for language, told in (("en", "What decides"), ("zh", "决策规则")):
        assert told in risk.see(page, language)
    gap = table.content.replace('"< 495"', '"< 490"')
    told = risk.send(page, propose, status=422, kind="table", file=file("t.json", gap), reason="一月起收紧").content.decode()
    assert "score: no row for score = 490" in told
    new = table.content.replace('"<= 1000000"', '"<= 500000"').replace('"> 1000000"', '"> 500000"').replace(table.name, "phone-2027")
    address = risk.send(page, propose, kind="table", file=file("t.json", new), reason="一月起收紧").headers["Location"]
    shown = risk.see(address)
    assert "10,000.00" in shown and "5,000.00" in shown and "another person must answer" in shown
    approver.send(address, f"{address}/answer", approved="yes", words="已看过差异")
    assert decisioning.in_force(shop.db)[1].name == "phone-2027"
    assert "decided before" in risk.see(page)


def test_a_scorecard_is_shown_with_its_figures_beside_the_one_in_force(shop: Shop) -> None:
    risk = Person(shop.db, shop.hire("risk"))
    card, _table = decisioning.in_force(shop.db)
    own = dataclasses.replace(card, name="own-2027", base_milli=card.base_milli - 20_000)
    address = risk.send(
        "/decision-rules", "/decision-rules/propose", kind="scorecard", file=file("s.json", own.content.decode()), reason="本机构数据"
    ).headers["Location"]
    shown = risk.see(address)
    assert "AUC" in shown and "0.698" in shown and "own-2027" in shown and card.name in shown
    damaged = risk.send(
        "/decision-rules", "/decision-rules/propose", status=422, kind="scorecard", file=file("s.json", "{}"), reason="本机构数据"
    )
    assert "holdfast-scorecard/1" in damaged.content.decode()


@pytest.mark.parametrize("role", ["officer", "approver", "caller", "custodian", "auditor"])
def test_only_risk_proposes(shop: Shop, role: str) -> None:
    other = Person(shop.db, shop.hire(role))
    assert "Propose it" not in other.see("/decision-rules")
    assert other.client.post("/decision-rules/propose", {"key": "a-key-of-this-form"}).status_code == 403


# -- who may have the coverage computed again ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.SYSTEM])
def test_only_those_who_oversee_the_book_have_the_coverage_computed_again(
    house: House, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    from holdfast.web.console import coverage

    done: list[Any] = []
    monkeypatch.setattr(coverage, "audit_now", lambda *asked: done.append(asked))
    who = Person(house.db, house.hire("示例某人", role, reach=Reach.ALL))
    oversees = role in (Role.AUDITOR, Role.RISK, Role.ADMIN)
    if role is not Role.INTEGRATOR:
        assert ("Recompute now" in who.see("/coverage")) is oversees
    sent = who.client.post("/coverage")
    assert (sent.status_code, len(done)) == ((302, 1) if oversees else (403, 0))
