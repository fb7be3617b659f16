"""The banks' messages: what we write is what the public schema asks for, and what we read is read exactly or refused by its place."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest

from holdfast.kernel.errors import BadInput
from holdfast.kernel.money import Money
from holdfast.payments import Order, Outcome
from holdfast.payments.messages import FileHead, read_camt, read_pain002, write_camt056, write_pain001
from tests.payments.iso import camt053, entry, pain002

SCHEMA = Path(__file__).parents[1] / "vectors" / "iso20022" / "pain.001.001.09.xsd"
TODAY = date(2026, 3, 2)
HEAD = FileHead(
    "pf_0123456789abcdefghjk", datetime(2026, 3, 2, 2, 0, tzinfo=UTC), TODAY, "示例小额贷款有限公司", "6222000011112222", "102100099996"
)


def order(number: int, minor: int = 120_000, currency: str = "CNY") -> Order:
    return Order(f"po_{number:020}", Money(minor, currency), "示例张三", "6222020000000000123", f"PAY-2026-{number:04}", TODAY)


def test_a_file_of_payouts_is_valid_by_the_public_schema() -> None:
    etree: Any = importlib.import_module("lxml.etree")
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    document = etree.fromstring(write_pain001(HEAD, [order(1), order(2, 55_555)]))
    assert schema.validate(document), schema.error_log


def test_the_file_counts_and_sums_what_is_in_it() -> None:
    written = write_pain001(HEAD, [order(1, 120_000), order(2, 55_555)])
    root = fromstring(written)
    space = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    assert [each.text for each in root.findall(".//p:NbOfTxs", space)] == ["2", "2"]
    assert [each.text for each in root.findall(".//p:CtrlSum", space)] == ["1755.55", "1755.55"]
    assert [each.text for each in root.findall(".//p:EndToEndId", space)] == [order(1).key, order(2).key]
    assert [each.text for each in root.findall(".//p:InstdAmt", space)] == ["1200.00", "555.55"]


def test_a_name_that_would_break_the_file_is_only_text_in_it() -> None:
    sly = Order("po_x", Money(100, "CNY"), "</Nm><Nm>别人", "62220200", "&<>\x07", TODAY)
    root = fromstring(write_pain001(HEAD, [sly]))
    space = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
    assert [each.text for each in root.findall(".//p:Cdtr/p:Nm", space)] == ["</Nm><Nm>别人"]
    assert [each.text for each in root.findall(".//p:Ustrd", space)] == ["&<>"]


@pytest.mark.parametrize("orders", [[], [order(1), order(2, 100, "USD")]])
def test_a_file_holds_at_least_one_payout_and_one_currency(orders: list[Order]) -> None:
    with pytest.raises(BadInput):
        write_pain001(HEAD, orders)


def test_a_request_to_have_a_payout_back_names_it() -> None:
    sheet = write_camt056(case="pm_1", made_at=HEAD.made_at, message="pf_1", end_to_end="po_1", amount=Money(120_000, "CNY"), why="骗贷")
    root = fromstring(sheet)
    texts = {str(each.tag).rpartition("}")[2]: each.text for each in root.iter()}
    assert (texts["CxlId"], texts["OrgnlMsgId"], texts["OrgnlEndToEndId"], texts["OrgnlIntrBkSttlmAmt"]) == (
        "pm_1",
        "pf_1",
        "po_1",
        "1200.00",
    )


# ── what the bank says of a file ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("ACSC", "paid"),
        ("ACCC", "paid"),
        ("RJCT", "rejected"),
        ("CANC", "rejected"),
        ("ACSP", "accepted"),
        ("PDNG", "accepted"),
        ("XXXX", "unknown"),
    ],
)
def test_a_status_code_means_what_the_standard_says_and_one_nobody_knows_is_unknown(code: str, outcome: str) -> None:
    assert [(each.end_to_end, each.outcome) for each in read_pain002(pain002({"po_1": code}))] == [("po_1", Outcome(outcome))]


def test_a_file_that_is_refused_whole_is_refused_for_every_payout_but_one_that_is_accepted_whole_says_nothing() -> None:
    refused = read_pain002(pain002({}, group="RJCT", message="pf_1"))
    assert [(each.message, each.end_to_end, each.outcome) for each in refused] == [("pf_1", "", Outcome.REJECTED)]
    assert read_pain002(pain002({}, group="ACCP")) == []


def test_the_reason_of_the_bank_is_kept() -> None:
    (line,) = read_pain002(pain002({"po_1": "RJCT"}, reason="AC04"))
    assert line.why == "RJCT AC04"


# ── statements ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_is_read_exactly() -> None:
    data = camt053(entry("1066.19", payer="示例张三", account="6222020000000000123", remark="还款 HL0123 4567", ref="B-1", key="db_1"))
    (line,) = read_camt(data, today=TODAY).lines
    assert (line.row, line.amount, line.currency, line.booked_on) == (1, 106_619, "CNY", TODAY)
    assert (line.payer, line.account, line.remark, line.reference, line.end_to_end) == (
        "示例张三", "6222020000000000123", "还款 HL0123 4567", "B-1", "db_1",
    )  # fmt: skip


def test_a_debit_entry_is_money_that_went_and_not_provided_is_no_key() -> None:
    (line,) = read_camt(camt053(entry("10.00", sign="DBIT", key="NOTPROVIDED")), today=TODAY).lines
    assert (line.amount, line.end_to_end) == (-1_000, "")


def test_an_entry_that_sums_several_payments_gives_a_line_for_each_and_equal_ones_stay_apart() -> None:
    parts = [("10.00", ""), ("10.00", ""), ("5.00", "db_2")]
    lines = read_camt(camt053(entry("25.00", parts=parts, ref="B-9")), today=TODAY).lines
    assert [(line.row, line.amount) for line in lines] == [(1, 1_000), (1, 1_000), (1, 500)]
    assert len({line.reference for line in lines}) == 3


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (entry("10.00", status="PDNG"), "Sts"),
        (entry("10.005"), "Amt"),
        (entry("NaN"), "Amt"),
        (entry("10.00", currency="XTS"), "Amt"),
        (entry("10.00", sign="BOTH"), "CdtDbtInd"),
        (entry("10.00", day="2026-02-30"), "ValDt"),
        (entry("10.00", day="2026-03-03"), "ValDt"),
        (entry("0.00"), "Amt"),
        (entry("10.00", remark="长" * 501), "NtryDtls"),
        (entry("26.00", parts=[("10.00", ""), ("15.00", "")]), "Amt"),
    ],
)
def test_an_entry_that_is_not_plain_is_refused_by_its_place_and_costs_its_neighbours_nothing(bad: str, column: str) -> None:
    found = read_camt(camt053(entry("1.00"), bad, entry("2.00")), today=TODAY)
    assert [line.amount for line in found.lines] == [100, 200]
    assert [(each.row, each.column) for each in found.refused] == [(2, column)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Document>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">&a;</Document>',
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Ntry>',
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">' + b"<a>" * 60 + b"</a>" * 60 + b"</Document>",
        b'<?xml version="1.0" encoding="nonsense"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>',
    ],
)
def test_what_is_no_message_or_would_harm_the_reader_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        read_camt(data, today=TODAY)
