"""Money at the counter and from the bank, through a browser: by two where two are needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from holdfast.kernel.clock import ShiftedClock
from tests.browser.conftest import Visit, Visitor

PAGES = ("/money", "/money/counter", "/money/statements", "/money/suspense")


def contract_no(visitor: Visitor) -> str:
    """The contract number of a loan that is being repaid."""
    visitor.go("/loans?state=active")
    found = re.search(r"HF-[0-9-]+", visitor.page.locator("tbody tr").last.inner_text())
    assert found is not None
    return found[0]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_money_pages_fit_and_speak_one_language(visit: Visit, width: int, language: str) -> None:
    visitor = visit("officer", width=width, language=language)
    for path in PAGES:
        page = visitor.go(path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        heading = page.locator("h1").inner_text()
        assert bool(re.search(r"[一-鿿]", heading)) is (language == "zh"), heading


def test_cash_is_taken_and_the_drawer_is_closed_by_two(visit: Visit) -> None:
    cashier = visit("officer")
    number = contract_no(cashier)
    page = cashier.go("/money/counter")
    page.fill("[name=float_held]", "100")
    page.get_by_role("button", name="Open the drawer").click()
    page.fill("#cash [name=loan]", number.lower())
    page.fill("#cash [name=amount]", "1.00")
    page.get_by_role("button", name="Take it and post it").click()
    expect(page.locator(".kf .fig").first).to_contain_text("101.00")
    page.get_by_text("Count the drawer").click()
    page.locator("[aria-labelledby=in] [name=counted]").fill("100.50")
    page.get_by_role("button", name="This is what I counted").click()
    expect(page.get_by_role("alert")).to_contain_text("is not what should be there")
    page.locator("[aria-labelledby=in] [name=words]").fill("half a yuan short")
    page.get_by_role("button", name="This is what I counted").click()
    second = visit("approver").go("/money/counter")
    second.locator("form[action$=close] [name=counted]").fill("100.50")
    second.get_by_role("button", name="Close as the second person").click()
    expect(second.locator("body")).to_contain_text("does not agree")
    expect(second.locator("body")).to_contain_text("−0.50")


def test_a_statement_is_seen_before_it_is_booked_and_a_stranger_s_money_waits_for_two(visit: Visit, tmp_path: Path) -> None:
    officer = visit("officer")
    number = contract_no(officer)
    today = ShiftedClock(0, officer.house.zone).today()
    rows = [f"{today},2.00,示例,还款 {number},B1", f"{today},3.00,示例陌生人,谢谢,B2", f"{today},x,,,B3"]
    file = tmp_path / "流水.csv"
    file.write_bytes("\n".join(["交易日期,交易金额,对方户名,摘要,流水号", *rows]).encode("gb18030"))
    page = officer.go("/money/statements")
    page.set_input_files("[name=file]", str(file))
    page.get_by_role("button", name="See what it holds").click()
    expect(page.locator("#refused")).to_contain_text("write the amount in figures")
    page.get_by_role("button", name="Book these lines").click()
    expect(page.locator("tbody").first).to_contain_text("by the contract number in the remark")
    page.get_by_role("link", name="Find the loans of what is in suspense").click()
    card = page.locator("section[id^=bl_]", has_text="示例陌生人")
    card.get_by_text("Match it to a loan").click()
    card.locator("[name=loan]").fill(number)
    card.locator("form[action*=match] [name=words]").fill("his sister pays")
    card.get_by_role("button", name="It is for this loan").click()
    second = visit("approver").go("/money/suspense")
    waiting = second.locator("section[id^=bl_]", has_text="his sister pays")
    waiting.get_by_role("button", name="Agree as the second person").click()
    expect(second.locator("section[id^=bl_]", has_text="his sister pays")).to_have_count(0)
