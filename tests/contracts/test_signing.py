"""From the decision to both signatures: who may, when, with what, and what proves it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast import contracts, files
from holdfast.contact import codes, messages
from holdfast.duties import freeze, take, thaw
from holdfast.journal import SYSTEM, Actor, read_chain
from holdfast.kernel.errors import BadInput, Forbidden, HoldfastError, NotFound, Refusal
from holdfast.life import LoanState
from holdfast.parties import box_of, create_branch, register_party
from tests.contracts.offers import DAY, FLAGS, ID_NUMBER, NAME, PRESS, Desk
from tests.signatures import pdfsig, verdicts, words_of


def record(desk: Desk, kind: str) -> dict[str, Any]:
    """The last record of that kind on the loan's chain."""
    row = desk.db.execute(
        """SELECT r.body FROM record r JOIN loan l ON l.loan_id = r.loan_id
            WHERE l.public_id = %s AND r.kind = %s ORDER BY r.seq DESC LIMIT 1""",
        [desk.loan, kind],
    ).fetchone()
    assert row is not None
    body: dict[str, Any] = json.loads(bytes(row[0]))
    return body


def paper(desk: Desk, kind: str) -> bytes:
    return contracts.paper_for_borrower(desk.db, by=desk.actor, loan=desk.loan, kind=kind)[1]


# -- the way through ---------------------------------------------------------------------------------------------


def test_offered_read_signed_by_code_and_sealed_the_loan_is_signed_and_the_thing_is_awaited(desk: Desk) -> None:
    assert desk.offer().state == "offered"
    assert desk.sign().state == "borrower_signed"
    assert desk.state() == "decided"
    assert desk.seal().state == "sealed"
    assert desk.state() == "signed"
    assert [(kind, due) for kind, _, due in desk.book.open_duties(desk.loan)] == [("take_in", date(2026, 11, 27))]
    assert desk.kinds()[3:] == ["contract.drafted", "contract.offered", "contract.signed", "contract.sealed"]
    assert desk.audit().clean


def test_both_signatures_and_time_stamps_on_both_papers_verify_in_another_program(desk: Desk, tmp_path: Path) -> None:
    desk.bring_to("sealed")
    for kind in contracts.PAPERS:
        borrower, lender = verdicts(paper(desk, kind), desk.notary.authority(), tmp_path)
        assert (borrower.signature, borrower.time_stamp, borrower.whole_document) == (True, True, False)
        assert (lender.signature, lender.time_stamp, lender.whole_document) == (True, True, True)
    said = pdfsig(paper(desk, "agreement"), tmp_path)
    assert said.count("Signature is Valid") == 2
    assert said.index("张* TEST 测试") < said.index("示例小额贷款 TEST 测试")


def test_a_changed_figure_in_a_signed_paper_is_seen(desk: Desk, tmp_path: Path) -> None:
    desk.bring_to("sealed")
    pdf = bytearray(paper(desk, "cost_statement"))
    pdf[len(pdf) // 20] ^= 1
    assert not any(each.signature for each in verdicts(bytes(pdf), desk.notary.authority(), tmp_path))


def test_the_record_names_each_paper_by_the_digest_of_its_stored_copy(desk: Desk) -> None:
    made = desk.bring_to("sealed")
    assert made is not None
    case = take(desk.db, desk.loan, None)
    kept = {purpose: file.digest for file, purpose in files.of_loan(desk.db, case.loan.loan_id)}
    assert record(desk, "contract.sealed")["seals"] == {
        "agreement": kept["contract agreement, sealed"], "cost_statement": kept["contract cost_statement, sealed"],
    }  # fmt: skip
    assert record(desk, "contract.signed")["seals"]["evidence"] == kept["contract evidence"]
    assert record(desk, "contract.offered")["seals"]["agreement"] == kept["contract agreement, draft"]
    assert record(desk, "contract.signed")["says"]["bound"] == made.bound
    assert {each.kind: each.stage for each in made.documents} == {"agreement": "sealed", "cost_statement": "sealed", "evidence": "signed"}


def test_nothing_of_the_borrower_stands_in_the_chain(desk: Desk) -> None:
    desk.bring_to("sealed")
    case = take(desk.db, desk.loan, None)
    text = b"".join(each.body for each in read_chain(desk.db, case.loan.loan_id)).decode()
    assert not any(private in text for private in (NAME, ID_NUMBER, "13812342046", "示例市"))


def test_the_evidence_names_the_papers_the_code_and_the_clauses_and_the_certificate_names_the_evidence(desk: Desk) -> None:
    offered = desk.offer()
    drafts = {kind: paper(desk, kind) for kind in contracts.PAPERS}
    desk.sign()
    kept = paper(desk, "evidence")
    evidence = json.loads(kept)
    assert evidence["papers"] == {str(kind): hashlib.sha256(pdf).hexdigest() for kind, pdf in drafts.items()}
    assert evidence["bound"] == offered.bound
    assert evidence["code"]["to"] == "138****2046"
    assert evidence["code"]["attempts"] == 1
    assert [each["key"] for each in evidence["clauses"]] == list(FLAGS)
    assert evidence["user_agent"] == "示例浏览器"
    signed = paper(desk, "agreement")
    start = signed.index(b"/Contents <") + len(b"/Contents <")
    certificates = bytes.fromhex(signed[start : signed.index(b">", start)].decode())
    assert f"urn:sha256:{hashlib.sha256(kept).hexdigest()}".encode() in certificates


def test_the_borrower_is_told_when_to_sign_and_where_the_copy_is(desk: Desk) -> None:
    desk.bring_to("sealed")
    case = take(desk.db, desk.loan, None)
    bodies = [each.body for each in messages(desk.db, desk.people["officer"].scope, loan_id=case.loan.loan_id)]
    assert any("最迟 12 月 1 日" in body for body in bodies)
    assert any("双方均已签署" in body and "副本" in body for body in bodies)


def test_the_borrowers_copy_is_the_sealed_one_and_shows_nothing_before_it_is_offered(desk: Desk) -> None:
    desk.bring_to("drafted")
    with pytest.raises(NotFound):
        paper(desk, "agreement")
    draft = desk.offer().paper("agreement")
    desk.sign()
    sealed = desk.seal().paper("agreement")
    assert draft is not None and sealed is not None
    stored = files.get(desk.db, sealed.file)
    assert paper(desk, "agreement") == files.read(stored, box=box_of(desk.db, desk.borrower))
    assert draft.digest != sealed.digest


def test_papers_are_sealed_under_the_borrowers_own_key(desk: Desk) -> None:
    made = desk.offer()
    document = made.paper("agreement")
    assert document is not None
    stored = files.get(desk.db, document.file)
    assert stored.party_id == desk.borrower.party_id
    with pytest.raises(HoldfastError):
        files.read(stored)


# -- what is read ------------------------------------------------------------------------------------------------


def test_the_agreement_names_the_parties_the_thing_and_a_schedule_that_adds_up(desk: Desk, tmp_path: Path) -> None:
    desk.offer()
    words = words_of(paper(desk, "agreement"), tmp_path)
    for said in (
        NAME,
        ID_NUMBER,
        "示例小额贷款",
        "iPhone15Pro",
        "IMEI1",
        "经营周转",
        "人民币伍仟元整",
        "868.68",
        "868.70",
        "每期还款额相同",
    ):
        assert said in words
    assert "合计5,212.105,000.00212.100.00" in words
    assert 5 * 86_868 + 86_870 == 521_210


def test_the_statement_names_every_item_its_collector_both_yearly_figures_and_the_sentence(desk: Desk, tmp_path: Path) -> None:
    desk.offer()
    words = words_of(paper(desk, "cost_statement"), tmp_path)
    for said in (
        "利息随每期还款月利率1.20%",
        "本机构212.10",
        "14.40%",
        "15.49%",
        "5,212.10元",
        "内部收益率",
        "24.00%",
        "罚息、复利、违约金不收取",
    ):
        assert said in words
    assert "除本表所列外，不再向借款人收取任何费用" in words


def test_a_fee_of_somebody_else_stands_in_the_statement_with_who_collects_it(desk: Desk, tmp_path: Path) -> None:
    from holdfast.products import Fee, FeeAt
    from tests.contracts.offers import terms_of

    desk.terms = terms_of(fees=(Fee("检测费", 2_000, FeeAt.DISBURSEMENT, "示例检测公司"), Fee("账户费", 100, FeeAt.EACH_INSTALMENT)))
    desk.offer()
    words = words_of(paper(desk, "cost_statement"), tmp_path)
    assert "检测费放款时一次20.00元／次示例检测公司20.00" in words
    assert "账户费每期一次1.00元／次本机构6.00" in words
    assert "成本合计238.10" in words
    assert "评估费、保管费" not in words


def test_every_flagged_clause_stands_boxed_in_the_agreement_word_for_word(desk: Desk, tmp_path: Path) -> None:
    made = desk.offer()
    words = words_of(paper(desk, "agreement"), tmp_path)
    assert [each.key for each in made.clauses] == list(FLAGS)
    for each in made.clauses:
        assert each.title_zh in words
        assert "".join(each.zh.split())[:24] in words
        assert each.en and each.title_en


def test_a_loan_without_a_thing_has_no_pledge_in_its_agreement(desk: Desk, tmp_path: Path) -> None:
    desk.decided(things=0)
    made = desk.offer()
    assert {"custody", "disposal", "no_forfeiture"}.isdisjoint(each.key for each in made.clauses)
    assert "质" not in words_of(paper(desk, "agreement"), tmp_path)


def test_a_name_that_the_font_lacks_is_refused_by_name_and_nothing_is_kept(desk: Desk) -> None:
    desk.decided(name="张𠀡")
    with pytest.raises(BadInput, match=r"U\+20021"), desk.db.transaction():
        desk.offer()
    with pytest.raises(NotFound):
        contracts.contract_of(desk.db, take(desk.db, desk.loan, None).loan.loan_id)


# -- who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["caller", "approver", "custodian", "risk", "auditor", "admin"])
def test_only_officers_draft_offer_take_back_and_let_lapse(desk: Desk, role: str) -> None:
    by = desk.people[role]
    verbs: tuple[Callable[[], Any], ...] = (
        lambda: contracts.draft(desk.db, clock=desk.clock, by=by, loan=desk.loan, press=PRESS),
        lambda: contracts.offer(desk.db, clock=desk.clock, by=by, loan=desk.loan, press=PRESS),
        lambda: contracts.void(desk.db, clock=desk.clock, by=by, loan=desk.loan, words="示例理由"),
        lambda: contracts.lapse(desk.db, clock=desk.clock, by=by, loan=desk.loan),
    )
    for verb in verbs:
        with pytest.raises(Forbidden):
            verb()


@pytest.mark.parametrize(("role", "may"), [("approver", True), ("risk", True), ("officer", False), ("caller", False), ("custodian", False),
                                           ("auditor", False), ("admin", False)])  # fmt: skip
def test_who_may_seal(desk: Desk, role: str, may: bool) -> None:
    desk.bring_to("borrower_signed")
    if may:
        assert desk.seal(role).state == "sealed"
        return
    with pytest.raises(Forbidden):
        desk.seal(role)


def test_whoever_offered_does_not_seal_under_another_log_in_either(desk: Desk) -> None:
    person = register_party(
        desk.db, clock=desk.clock, by=SYSTEM, kind="person", branch_id=desk.book.branch_id, private={"name": "示例员工"}
    )
    desk.hire("maker", "officer", person_id=person.party_id)
    desk.hire("maker-again", "approver", person_id=person.party_id)
    desk.offer(by="maker")
    desk.sign()
    with pytest.raises(Forbidden) as refused:
        desk.seal("maker-again")
    assert refused.value.code == "seal_same_person"
    assert desk.seal("approver").state == "sealed"


@pytest.mark.parametrize("verb", ["draft", "offer", "seal", "void", "lapse", "read"])
def test_another_branch_does_not_see_the_loan(desk: Desk, verb: str) -> None:
    other = create_branch(desk.db, code="示例-2", name="示例二部")
    role = "approver" if verb == "seal" else "officer"
    by = desk.hire("far", role, branch_id=other.branch_id)
    desk.bring_to("borrower_signed")
    given: dict[str, Any] = {"clock": desk.clock, "by": by, "loan": desk.loan}
    verbs: dict[str, Callable[[], Any]] = {
        "draft": lambda: contracts.draft(desk.db, press=PRESS, **given),
        "offer": lambda: contracts.offer(desk.db, press=PRESS, **given),
        "seal": lambda: contracts.seal(desk.db, notary=desk.notary, **given),
        "void": lambda: contracts.void(desk.db, words="示例理由", **given),
        "lapse": lambda: contracts.lapse(desk.db, **given),
        "read": lambda: contracts.read_paper(desk.db, kind="agreement", reason="示例理由", **given),
    }
    with pytest.raises(NotFound):
        verbs[verb]()


def test_only_the_loans_own_borrower_signs_and_reads(desk: Desk) -> None:
    desk.offer()
    stranger = register_party(
        desk.db,
        clock=desk.clock,
        by=SYSTEM,
        kind="person",
        branch_id=desk.book.branch_id,
        private={"name": "李示例", "phone": "13912345678"},
    )
    for by in (Actor(stranger.public_id, "borrower"), desk.people["officer"].actor, Actor(desk.borrower.public_id, "officer"), SYSTEM):
        with pytest.raises(NotFound):
            contracts.ask_code(desk.db, clock=desk.clock, by=by, loan=desk.loan)
        with pytest.raises(NotFound):
            contracts.paper_for_borrower(desk.db, by=by, loan=desk.loan, kind="agreement")
        with pytest.raises(NotFound):
            contracts.sign_by_borrower(
                desk.db, clock=desk.clock, by=by, loan=desk.loan, code_id="oc_x", flags_read=FLAGS, notary=desk.notary
            )


def test_staff_read_a_paper_only_with_a_reason_and_the_reading_is_on_record(desk: Desk) -> None:
    desk.offer()
    given: dict[str, Any] = {"clock": desk.clock, "loan": desk.loan, "kind": "agreement"}
    with pytest.raises(Forbidden):
        contracts.read_paper(desk.db, by=desk.people["auditor"], reason="示例理由", **given)
    with pytest.raises(BadInput, match="reason"):
        contracts.read_paper(desk.db, by=desk.people["officer"], reason=" ", **given)
    with pytest.raises(NotFound):
        contracts.read_paper(desk.db, by=desk.people["officer"], reason="示例理由", **{**given, "kind": "evidence"})
    name, pdf = contracts.read_paper(desk.db, by=desk.people["officer"], reason="核对合同", **given)
    assert name.endswith(".pdf") and pdf.startswith(b"%PDF")
    last = read_chain(desk.db, desk.borrower.party_id)[-1]
    assert (last.kind, last.says()["what"], last.says()["reason"]) == ("party.revealed", "contract agreement", "核对合同")


# -- the code ----------------------------------------------------------------------------------------------------


def test_a_code_stands_for_these_papers_alone(desk: Desk) -> None:
    desk.offer()
    code_id = desk.code()
    contracts.void(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, words="示例：写错了")
    desk.offer()
    with pytest.raises(Refusal) as refused:
        desk.sign(code_id)
    assert refused.value.code == "code_bound"


def test_a_code_that_was_not_typed_signs_nothing(desk: Desk) -> None:
    desk.offer()
    code_id = contracts.ask_code(desk.db, clock=desk.clock, by=desk.actor, loan=desk.loan)
    assert not codes.attempt(desk.db, clock=desk.clock, code_id=code_id, digits=f"{(int(desk.digits()) + 1) % 1_000_000:06d}")
    with pytest.raises(Refusal) as refused:
        desk.sign(code_id)
    assert refused.value.code == "code_not_proved"


@pytest.mark.parametrize("left_out", FLAGS)
def test_each_flagged_clause_must_be_ticked(desk: Desk, left_out: str) -> None:
    desk.offer()
    with pytest.raises(BadInput, match=left_out) as refused:
        desk.sign("oc_any", flags=tuple(each for each in FLAGS if each != left_out))
    assert refused.value.field == "flags_read"


# -- the day -----------------------------------------------------------------------------------------------------


def test_an_offer_is_good_to_the_end_of_its_last_day_and_lapses_the_day_after(desk: Desk) -> None:
    made = desk.offer()
    assert made.good_until == date(2026, 12, 1)
    desk.book.walk(7)
    with pytest.raises(Refusal) as stands:
        contracts.lapse(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan)
    assert stands.value.code == "offer_stands"
    assert contracts.run_out(desk.db, desk.clock) == []
    desk.code()
    desk.book.walk(1)
    assert contracts.run_out(desk.db, desk.clock) == [desk.loan]
    with pytest.raises(Refusal) as over:
        desk.sign()
    assert over.value.code == "offer_over"
    lapsed = contracts.lapse(desk.db, clock=desk.clock, by=SYSTEM, loan=desk.loan)
    assert lapsed.state == "lapsed"
    assert (desk.state(), desk.book.open_duties(desk.loan)) == ("withdrawn", [])
    assert contracts.run_out(desk.db, desk.clock) == []


def test_an_offer_runs_with_the_duty_to_have_it_signed_and_leaves_a_workday_to_read(desk: Desk) -> None:
    desk.book.walk(3)
    assert desk.offer().good_until == date(2026, 12, 1)
    contracts.void(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, words="示例：写错了")
    desk.book.walk(4)
    assert desk.book.day == date(2026, 12, 1)
    assert desk.offer().good_until == date(2026, 12, 2)


def test_a_frozen_loans_offer_does_not_lapse_by_itself(desk: Desk) -> None:
    desk.offer()
    freeze(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=SYSTEM, reason="fraud", words="示例：疑似冒名")
    desk.book.walk(20)
    assert contracts.run_out(desk.db, desk.clock) == []


def test_a_frozen_loan_is_neither_offered_nor_signed_nor_sealed_until_it_is_thawed(desk: Desk) -> None:
    def stop() -> None:
        freeze(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=SYSTEM, reason="fraud", words="示例：疑似冒名")

    def go_on() -> None:
        thaw(desk.db, take(desk.db, desk.loan, None), clock=desk.clock, by=SYSTEM, reason="fraud", words="示例：查清")

    desk.hire("approver", "approver")  # before what is rolled back
    stop()
    with pytest.raises(Refusal, match="frozen"), desk.db.transaction():
        desk.offer()
    go_on()
    desk.offer()
    stop()
    for verb in (desk.sign, lambda: contracts.ask_code(desk.db, clock=desk.clock, by=desk.actor, loan=desk.loan)):
        with pytest.raises(Refusal) as refused, desk.db.transaction():
            verb()
        assert refused.value.code == "loan_frozen"
    go_on()
    desk.sign()
    stop()
    with pytest.raises(Refusal, match="frozen"), desk.db.transaction():
        desk.seal()
    go_on()
    assert desk.seal().state == "sealed"


@pytest.mark.parametrize("state", [LoanState.SUBMITTED, LoanState.CONFIRMED])
def test_nothing_is_drafted_before_the_decision(desk: Desk, state: LoanState) -> None:
    desk.db.execute("UPDATE loan SET state = %s WHERE public_id = %s", [state, desk.loan])
    with pytest.raises(Refusal) as refused:
        desk.offer()
    assert refused.value.code == "loan_state"


def test_taking_back_says_why(desk: Desk) -> None:
    desk.offer()
    with pytest.raises(BadInput, match="words"):
        contracts.void(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, words=" ")


def test_the_schedule_is_from_the_day_it_is_offered_and_the_contract_says_how_it_follows_the_payout(desk: Desk, tmp_path: Path) -> None:
    desk.book.walk(1)
    made = desk.offer()
    assert made.terms.disbursed_on == DAY + timedelta(days=1)
    assert "还款计划自实际放款日起按本合同同一利率、期数和公式重新计算" in words_of(paper(desk, "agreement"), tmp_path)


def test_a_contract_is_signed_once(desk: Desk) -> None:
    desk.offer()
    desk.sign()
    with pytest.raises(Refusal) as refused:
        desk.sign("oc_other")
    assert refused.value.code == "contract_state"
