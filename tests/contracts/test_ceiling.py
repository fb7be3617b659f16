"""A contract above the ceiling on signing day is signed on no path: at the draft, the offer, the borrower's code and signature, the seal.

The sample pack's ceiling is 24 % a year all-in. The terms of 1.2 % a month come to 15.49 %. From 31 December 2027 the ceiling is four
times the prime rate, 12 %, so that a contract offered on the 30th cannot be signed on the 31st.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from holdfast import contracts
from holdfast.kernel.errors import Refusal
from holdfast.kernel.rate import Per, Rate
from holdfast.policy import Pack, pack_in_force, shipped, store_pack
from holdfast.policy.pack import of as pack_of
from holdfast.products import Fee, FeeAt
from tests.contracts.offers import PRESS, Desk, terms_of

LAST_DAY = date(2027, 12, 30)


def steps(desk: Desk) -> dict[str, Any]:
    return {
        "draft": lambda: contracts.draft(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, press=PRESS),
        "offer": desk.offer,
        "code": lambda: contracts.ask_code(desk.db, clock=desk.clock, by=desk.actor, loan=desk.loan),
        "sign": lambda: desk.sign("oc_any"),
        "seal": desk.seal,
    }


def refused(verb: Any) -> None:
    with pytest.raises(Refusal) as said:
        verb()
    assert said.value.code == "above_ceiling"


@pytest.mark.parametrize("step", ["draft", "offer"])
def test_terms_above_the_ceiling_are_not_even_set_in_type(desk: Desk, step: str) -> None:
    desk.terms = terms_of(rate=Rate(20_000_000, Per.MONTH))
    refused(steps(desk)[step])
    assert contracts.contracts_of(desk.db, 0) == []


@pytest.mark.parametrize("step", ["draft", "offer"])
def test_a_fee_that_somebody_else_collects_counts(desk: Desk, step: str) -> None:
    desk.terms = terms_of(fees=(Fee("咨询费", 13_000, FeeAt.DISBURSEMENT, "示例咨询公司"),))
    refused(steps(desk)[step])
    desk.terms = terms_of(fees=(Fee("咨询费", 5_000, FeeAt.DISBURSEMENT, "示例咨询公司"),))
    steps(desk)[step]()


@pytest.mark.parametrize(("upto", "step"), [("drafted", "offer"), ("offered", "code"), ("offered", "sign"), ("borrower_signed", "seal")])
def test_a_ceiling_that_falls_by_its_date_stops_each_further_step(desk: Desk, upto: str, step: str) -> None:
    desk.book.day = LAST_DAY
    desk.decided()
    desk.bring_to(upto)
    desk.book.walk(1)
    refused(steps(desk)[step])
    assert desk.state() == "decided"


@pytest.mark.parametrize(("upto", "step"), [("drafted", "offer"), ("offered", "code"), ("offered", "sign"), ("borrower_signed", "seal")])
def test_a_new_pack_with_a_lower_ceiling_stops_each_further_step(desk: Desk, upto: str, step: str) -> None:
    desk.bring_to(upto)
    put_in_force(desk, "2026.11.2", "15")
    refused(steps(desk)[step])
    assert desk.state() == "decided"


@pytest.mark.parametrize("upto", ["drafted", "offered", "borrower_signed"])
def test_a_contract_that_fell_above_the_ceiling_can_still_be_taken_back(desk: Desk, upto: str) -> None:
    desk.bring_to(upto)
    put_in_force(desk, "2026.11.2", "15")
    assert contracts.void(desk.db, clock=desk.clock, by=desk.people["officer"], loan=desk.loan, words="示例：上限下调").state == "void"
    refused(desk.offer)


def test_a_ceiling_that_was_raised_since_does_not_help_a_loan_whose_own_pack_forbids_it(desk: Desk) -> None:
    desk.book.pack = put_in_force(desk, "2026.11.2", "15")
    desk.decided()
    put_in_force(desk, "2026.11.3", "24")
    refused(desk.offer)


def put_in_force(desk: Desk, version: str, percent: str) -> Pack:
    """The shipped pack under another version, with another ceiling for this lender, in force from today."""
    raw = json.loads(shipped().content)
    for rule in raw["rules"]:
        if rule["key"] == "rate.cap" and "micro_lender" in rule.get("scope", {}).get("lender_type", ()) and "percent" in rule["value"]:
            rule["value"] = {"percent": percent}
    pack = pack_of({**raw, "version": version, "effective_from": desk.book.day.isoformat()})
    store_pack(desk.db, pack, at=desk.clock.now() + timedelta(minutes=int(version[-1])))
    assert pack_in_force(desk.db, desk.clock).version == version
    return pack
