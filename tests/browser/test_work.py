"""What staff do at their screens, from the log-in to the night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Visit, Visitor


def _toast(page: Page) -> str:
    return page.locator(".toast").first.inner_text()


# -- the door --------------------------------------------------------------------------------------


def test_a_wrong_password_says_nothing_of_which_was_wrong_and_keeps_the_name(visit: Visit) -> None:
    visitor = visit(language="zh")
    page = visitor.go("/loans?state=active")
    assert page.url.endswith("/login?next=/loans%3Fstate%3Dactive")
    page.fill("[name=username]", "officer")
    page.fill("[name=password]", "wrong")
    page.click("main button.primary")
    expect(page.locator(".note.late")).to_contain_text("登录名和密码对不上")
    assert page.input_value("[name=username]") == "officer"
    page.fill("[name=password]", visitor.house.passwords["officer"])
    page.click("main button.primary")
    page.wait_for_url(re.compile(r"/loans\?state=active$"))


def test_who_logs_out_sees_nothing_more(visit: Visit) -> None:
    visitor = visit("caller")
    visitor.page.click("header details.menu > summary")
    visitor.page.click("text=Log out")
    visitor.page.wait_for_url(re.compile("/login"))
    assert "/login" in visitor.go("/journal").url


def test_the_language_is_switched_by_a_link_and_stays(visit: Visit) -> None:
    visitor = visit("officer", language="zh")
    page = visitor.go("/loans?state=active")
    page.click(".top > a.lang")
    page.wait_for_url(re.compile(r"/loans\?state=active$"))
    assert page.locator("h1").inner_text() == "Loans"
    assert visitor.go("/tonight").locator("html").get_attribute("lang") == "en"


def test_on_a_phone_the_language_is_in_the_menu_under_the_name(visit: Visit) -> None:
    visitor = visit("officer", language="en", width=390)
    visitor.page.click("header details.menu > summary")
    visitor.page.click("details.menu .pop a[hreflang=zh-Hans]")
    expect(visitor.page.locator("html")).to_have_attribute("lang", "zh-Hans")


# -- the list --------------------------------------------------------------------------------------


def test_filters_live_in_the_address_and_go_one_by_one(visit: Visit) -> None:
    visitor = visit("admin")
    page = visitor.go("/loans")
    page.click("summary.flt.add")
    page.select_option("[name=state]", "active")
    page.select_option("[name=product]", "phone-pledge")
    page.click("text=Show these loans")
    page.wait_for_url(re.compile("state=active"))
    assert "product=phone-pledge" in page.url
    both = page.locator("tbody tr").count()
    page.locator(".flt", has_text="Product").click()
    page.wait_for_url(lambda address: "product=phone-pledge" not in address)
    assert "state=active" in page.url
    assert page.locator("tbody tr").count() > both > 0


def test_a_list_goes_on_by_pages_that_never_repeat_a_loan(visit: Visit) -> None:
    visitor = visit("admin")
    page = visitor.go("/loans")
    first = page.locator("tbody a").evaluate_all("links => links.map(link => link.href)")
    page.click("text=Next page")
    page.wait_for_url(re.compile("next="))
    second = page.locator("tbody a").evaluate_all("links => links.map(link => link.href)")
    assert second
    assert not set(first) & set(second)


def test_a_contract_number_in_the_search_opens_its_loan(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go("/loans")
    number = page.locator("tbody .sub.mono").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/loans/ln_"))
    expect(page.locator(".page-h .lead")).to_contain_text(number)


def test_keys_go_and_walk_the_rows_but_never_while_typing(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.page
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(re.compile("/loans$"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.locator("tr[aria-current=true]").count() == 1
    page.focus("#q")
    page.keyboard.type("gt")
    assert page.url.endswith("/loans")
    page.go_back()
    visitor.go("/settings/keys/off?back=/")
    page.keyboard.press("g")
    page.keyboard.press("l")
    assert page.url.endswith("/")


# -- one loan --------------------------------------------------------------------------------------


def test_a_receipt_is_posted_and_an_amount_that_is_none_keeps_what_was_typed(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go(visitor.loan("?state=active&product=house-mortgage"))
    page.fill("#receipt-amount", "hundred")
    page.click("#receipt form button")
    expect(page.locator("#receipt .err")).to_contain_text("figures with a point")
    assert page.input_value("#receipt-amount") == "hundred"
    page.fill("#receipt-amount", "1,234.50")
    page.click("#receipt form button")
    expect(page.locator(".toast")).to_have_text("CNY 1,234.50 received and posted.")
    expect(page.locator(".lines li").first).to_contain_text("1,234.50")
    expect(page.locator(".tl")).to_contain_text("Received CNY 1,234.50")


def test_a_form_sent_twice_books_once(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go(visitor.loan("?state=active&product=car-mortgage"))
    path = page.url.removeprefix(visitor.house.address)
    form = {name: page.input_value(f"#receipt [name={name}]") for name in ("csrfmiddlewaretoken", "key", "received_on")}
    headers = {"Referer": page.url, "Accept-Language": "en"}
    for _ in range(2):
        page.request.post(page.url + "/receipts", form={**form, "amount": "77.70"}, headers=headers)
    assert visitor.go(path).locator(".lines b.num", has_text="77.70").count() == 1
    answer = page.request.post(page.url + "/receipts", form={**form, "amount": "99.90"}, headers=headers)
    assert answer.status == 422
    assert "sent before with other figures" in answer.text()


def test_a_receipt_for_tomorrow_is_refused_in_the_readers_language(visit: Visit) -> None:
    visitor = visit("officer", language="zh")
    page = visitor.go(visitor.loan("?state=active&product=car-mortgage"))
    page.evaluate("document.querySelector('#receipt-received_on').removeAttribute('max')")
    page.fill("#receipt-amount", "1")
    page.fill("#receipt-received_on", "2099-01-01")
    page.click("#receipt form button")
    expect(page.locator("#receipt .err")).to_contain_text("到账日 2099-01-01 还没到")


def test_the_pay_off_of_any_day_is_a_sum_with_its_arithmetic(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go(visitor.loan("?state=active&product=house-mortgage"))
    parts = [_minor(cell) for cell in page.locator("#payoff .sum tr:not(.total) td:last-child").all_inner_texts()]
    total = _minor(page.locator("#payoff tr.total td").last.inner_text())
    assert sum(parts) == total
    later = page.evaluate("(() => { const d = new Date(); d.setDate(d.getDate() + 10); return d.toISOString().slice(0, 10); })()")
    visitor.go(page.url.removeprefix(visitor.house.address).partition("#")[0] + f"?on={later}")
    assert _minor(page.locator("#payoff tr.total td").last.inner_text()) >= total
    expect(page.locator("#payoff .why").last).to_contain_text("÷")


def test_the_schedule_adds_up_to_its_total_row(visit: Visit) -> None:
    visitor = visit("auditor")
    page = visitor.go(visitor.loan("?state=active&product=phone-pledge"))
    for column in (2, 3, 4):
        cells = page.locator(f"#schedule tbody tr td:nth-child({column + 1})").all_inner_texts()
        assert sum(map(_minor, cells)) == _minor(page.locator(f"#schedule tfoot td:nth-child({column})").inner_text())


def test_taking_a_receipt_back_needs_a_second_person_who_did_not_ask(visit: Visit) -> None:
    officer = visit("officer")
    page = officer.go(officer.loan("?state=active&product=phone-pledge&sort=arrears"))
    loan = page.url
    page.fill("#receipt-amount", "12.34")
    page.click("#receipt form button")
    event = page.locator(".lines li", has_text="12.34").first
    event.locator("summary").click()
    event.locator("textarea").fill("Paid for another loan")
    event.locator("button.danger").click()
    expect(page.locator(".toast").first).to_contain_text("Another person answers")
    expect(page.locator(".appr")).to_contain_text("waiting for the second person")
    assert page.locator(".appr button").count() == 0

    approver = visit("approver")
    expect(approver.page.locator("h3.group").first).to_contain_text("Yours to decide")
    approver.page.goto(loan)
    approver.page.click("text=Agree as the second person")
    expect(approver.page.locator(".toast")).to_contain_text("it is done")
    expect(approver.page.locator(".lines li", has_text="Received").filter(has_text="12.34")).to_contain_text("taken back")


def test_a_no_says_why_and_changes_nothing(visit: Visit) -> None:
    officer = visit("officer")
    page = officer.go(officer.loan("?state=active&product=small-mobile&sort=arrears"))
    loan = page.url
    page.fill("#receipt-amount", "23.45")
    page.click("#receipt form button")
    event = page.locator(".lines li", has_text="23.45").first
    event.locator("summary").click()
    event.locator("textarea").fill("Paid twice")
    event.locator("button.danger").click()

    risk = visit("risk")
    risk.page.goto(loan)
    risk.page.click("text=Say no")
    expect(risk.page.locator(".appr .err, .appr .note.late").first).to_be_visible()
    risk.page.fill(".appr textarea", "The bank slip shows one payment")
    risk.page.click("text=Say no")
    expect(risk.page.locator(".toast")).to_contain_text("nothing is done")
    assert risk.page.locator(".lines li", has_text="taken back").count() == 0


def test_a_callers_first_follow_up_is_done_by_calling_and_noting_how_it_went(visit: Visit) -> None:
    visitor = visit("caller")
    page = visitor.page
    before = page.locator(".duties li").count()
    page.locator(".duties a", has_text="Follow up arrears").first.click()
    page.wait_for_url(re.compile("/loans/ln_"))
    card = page.locator("section.duty", has=page.locator("form")).first
    card.locator("form[action$='/call/dial'] button").click()
    expect(card).to_contain_text("rings since")
    card.locator("select[name=outcome]").select_option("promised")
    card.locator("textarea").fill("<script>alert(1)</script> tomorrow")
    card.locator("form[action*='/duties/'] button").click()
    expect(page.locator(".toast")).to_have_text("Noted; the duty is done.")
    expect(page.locator(".tl")).to_contain_text("<script>alert(1)</script> tomorrow")
    assert visitor.go("/").locator(".duties li").count() <= before


def test_a_record_opens_to_its_bytes_and_the_bundle_comes_down(visit: Visit) -> None:
    visitor = visit("auditor")
    page = visitor.go(visitor.loan("?state=releasing"))
    page.locator(".tl .proof").last.click()
    page.wait_for_url(re.compile("record="))
    expect(page.locator("#opened pre")).to_contain_text(re.compile('"kind": "(loan.disbursed|application.submitted)"'))
    with page.expect_download() as coming:
        page.click("text=Download the bundle")
    assert coming.value.suggested_filename.endswith(".bundle")


# -- who may not -----------------------------------------------------------------------------------


def test_an_auditor_finds_no_form_that_changes_a_loan(visit: Visit) -> None:
    visitor = visit("auditor")
    page = visitor.go(visitor.loan("?state=active&dpd=1-"))
    assert page.locator("main form[method=post]").count() == 0


def test_an_act_that_the_role_may_not_do_is_refused_even_without_its_button(visit: Visit) -> None:
    visitor = visit("auditor")
    page = visitor.go(visitor.loan("?state=active"))
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": token, "key": "k" * 20, "amount": "5", "received_on": "2026-01-01"}
    answer = page.request.post(page.url + "/receipts", form=form, headers={"Referer": page.url, "Accept-Language": "en"})
    assert answer.status == 403
    assert "Your role may not do this" in answer.text()


def test_a_form_from_elsewhere_is_refused(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go(visitor.loan("?state=active"))
    answer = page.request.post(page.url + "/receipts", form={"amount": "5"})
    assert answer.status == 403


# -- the night, the clock and the tape -------------------------------------------------------------


def test_a_message_of_tonight_is_held_with_a_reason_and_let_go_again(visit: Visit) -> None:
    visitor = visit("officer")
    page = visitor.go("/tonight?kind=message")
    assert page.locator(".lines li").count(), page.locator("main").inner_text()
    line = page.locator(".lines li", has=page.locator("summary")).first
    line.locator("summary").click()
    line.locator("button").click()
    expect(page.locator("details[open] .err")).to_contain_text("Say why")
    page.locator("details[open] input.in").fill("In hospital, the family asked")
    page.locator("details[open] button").click()
    expect(page.locator(".lines").first).to_contain_text("In hospital, the family asked")
    page.click("text=Let it run")
    expect(page.locator(".toast")).to_have_text("The line runs tonight.")


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Path]:
    """Two loans of the tape and one row that cannot be read."""
    from holdfast.takeover import load

    columns = sorted({*load("lendingclub-openintro").needed_columns})
    row = {
        "loan_amount": "12000", "term": "36", "interest_rate": "9.92", "installment": "386.80", "issue_month": "Feb-2018",
        "loan_status": "Current", "balance": "11000.00", "paid_principal": "1000.00", "paid_interest": "300.00", "paid_late_fees": "0",
        "paid_total": "1300.00",
    }  # fmt: skip
    rows = [row, {**row, "loan_amount": "24000", "installment": "773.59", "balance": "23000"}, {**row, "balance": "a lot"}]
    file = tmp_path / "three.csv"
    lines = [",".join(columns), *(",".join(each.get(column, "") for column in columns) for each in rows)]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    yield file


def test_a_tape_is_uploaded_watched_and_reconciled(visit: Visit, tape: Path) -> None:
    visitor = visit("risk", language="zh")
    page = visitor.go("/tapes")
    page.set_input_files("input[type=file]", tape)
    page.click("main form button.primary")
    page.wait_for_url(re.compile("/tapes/tp_"), timeout=90_000)
    expect(page.locator(".page-h")).to_contain_text("本金")
    expect(page.locator("#refused")).to_contain_text("balance")
    expect(page.locator("#refused")).to_contain_text("金额请写数字")
    assert visitor.go("/tapes").locator("tbody tr").count() == 1


def test_a_map_must_be_chosen_and_a_file_given(visit: Visit) -> None:
    visitor = visit("risk")
    page = visitor.go("/tapes")
    page.evaluate("document.querySelectorAll('[required]').forEach(field => field.removeAttribute('required'))")
    page.click("main form button.primary")
    expect(page.locator(".err").first).to_be_visible()


def test_the_demo_clock_lives_the_book_on_by_a_day_and_audits_it(visit: Visit) -> None:
    visitor = visit("admin")
    page = visitor.page
    day = page.locator(".sample input[name=from_day]").get_attribute("value")
    page.click(".sample button[value=day]")
    expect(page.locator(".toast")).to_contain_text("Each night in between has run")
    assert page.locator(".sample input[name=from_day]").get_attribute("value") != day
    expect(page.locator("section", has_text="Nothing missed").first).to_contain_text("Recomputed from contracts")


def test_pressing_the_clock_twice_moves_it_once(visit: Visit, house: House) -> None:
    visitor = visit("admin")
    page = visitor.page
    form = {name: page.input_value(f".sample [name={name}]") for name in ("csrfmiddlewaretoken", "from_day", "back")}
    for _ in range(2):
        page.request.post(house.address + "/clock", form={**form, "until": "day"}, headers={"Referer": page.url})
    visitor.go("/")
    after = page.input_value(".sample [name=from_day]")
    assert _days_between(visitor, form["from_day"], after) == 1


def test_the_audit_is_recomputed_on_the_page_and_the_whole_journal_too(visit: Visit) -> None:
    visitor = visit("auditor")
    page = visitor.go("/coverage")
    page.click("text=Recompute now")
    expect(page.locator(".toast")).to_have_text("Recomputed just now.")
    page = visitor.go("/journal")
    page.click("text=Compute all of it again")
    expect(page.locator("h2", has_text="Computed again just now")).to_be_visible()
    assert page.locator(".st.late").count() == 0
    expect(page.locator(".sum")).to_contain_text("not checked")


def _days_between(visitor: Visitor, first: str, second: str) -> int:
    days: int = visitor.page.evaluate("([a, b]) => (Date.parse(b) - Date.parse(a)) / 86400000", [first, second])
    return days


def _minor(text: str) -> int:
    digits = re.sub(r"[^0-9−-]", "", text).replace("−", "-")
    return int(digits) if digits not in ("", "-") else 0
