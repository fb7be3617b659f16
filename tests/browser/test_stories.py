"""Whole lives of a loan through the browser: everything by clicking and typing, nothing by calling a verb.

Each story lives in a book and a server of its own. At the end the three proofs are asked: books, duties, journal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from holdfast.applications import CONSENTS
from holdfast.stories import cast
from holdfast.stories.stage import Stage
from tests.browser.conftest import House, served
from tests.browser.walking import Language, Town, stage_of_a_town

Before = Callable[[Stage, str], None]


@pytest.fixture
def town(fresh_urls: Any, browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """A fresh book with the cast in it, a server, and nobody logged in yet.

    With `lent` (yuan), a loan has been paid out already, by the verbs of the other stories; `before` is what became of it since.
    """
    with ExitStack() as stack:

        def found(serial: int, name: str, language: Language, *, lent: int | None = None, before: Before | None = None) -> Town:
            who = cast.borrower(serial, name, language="en" if language == "en" else "zh-hans")

            def prepare() -> None:
                try:
                    stage = stage_of_a_town()
                    if lent is not None:
                        loan = stage.lend(who, yuan=lent)
                        if before is not None:
                            before(stage, loan)
                finally:
                    connection.close()

            # In a thread of its own: the browser's driver keeps an event loop in this one, and signing wants to begin one.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(prepare).result()
            (tmp_path / "picture.png").write_bytes(cast.picture())
            address = stack.enter_context(served(fresh_urls.owner))
            house = House(address, {user: cast.PASSWORD for _, user, _ in cast.STAFF})
            walk = Town(house, browser, tmp_path, who, language)
            stack.callback(walk.leave)
            return walk

        yield found


def test_story_1_paid_on_time(town: Callable[..., Town]) -> None:
    walk = town(1, "张示例", "zh")
    apply(walk)
    walk.move("day")
    confirm(walk)
    decide(walk)
    walk.move("day")
    sign(walk)
    take_in(walk)
    pay_out(walk)

    assert next_due(walk) == walk.move("due")
    reminded(walk, times=4)
    pay_by_bank(walk)
    walk.move("due")
    pay_at_counter(walk)
    walk.move("due")
    pay_by_bank(walk)
    release(walk)
    prove_to_others(walk)
    walk.prove()


def test_story_3_overdue_and_cured(town: Callable[..., Town]) -> None:
    walk = town(3, "王示例", "en", lent=2_000)
    enter(walk)
    walk.move("due")
    walk.move("day")
    walk.comes("late")
    follow_up(walk)
    pay_by_bank(walk)
    cured(walk)
    walk.prove()


def test_a_second_phone_comes_and_goes_home_before_the_debt_is_paid(town: Callable[..., Town]) -> None:
    walk = town(23, "邓示例", "zh", lent=2_000)
    second = cast.borrower(24, "邓示例").imeis
    brought(walk, second)
    taken_in_too(walk, second)
    let_go(walk)
    handed_home(walk)
    page = walk.at("custodian")
    walk.press("#stage-custody a[href$='/pledges']", page)
    expect(page.locator("section[aria-labelledby=hi]")).to_contain_text("部分解押")
    expect(page.locator("section[aria-labelledby=st]")).not_to_contain_text("SL-00077")
    walk.look(page, "one-remains")
    walk.prove()


def test_story_7_defaulted_disposed_and_the_surplus_returned(town: Callable[..., Town]) -> None:
    def thirty_days_late(stage: Stage, loan: str) -> None:
        stage.go_to(stage.next_due(loan).due_on + timedelta(days=30), meanwhile=lambda: stage.follow_up(loan))

    walk = town(7, "吴示例", "zh", lent=1_500, before=thirty_days_late)
    enter(walk)
    note_follow_ups(walk)
    sale_from = give_notice(walk)
    while walk.move("day") < sale_from:
        note_follow_ups(walk)
    note_follow_ups(walk)
    sell(walk)
    settle_account(walk)
    clear(walk)
    report(walk)
    walk.look(follow(walk), "my-settlement")
    walk.prove()


# -- before the money ------------------------------------------------------------------------------


def log_in(walk: Town) -> None:
    """A number, the code that comes, and the borrower is in."""
    page = walk.phone
    page.fill("[name=number]", walk.who.number)
    walk.press(".act .primary")
    walk.look(page, "code")
    page.fill("[name=code]", walk.code())
    walk.press(".act .primary")


def apply(walk: Town, *, yuan: str = "2000", instalments: int = 3) -> None:
    """The cost first, then the number and its code, five steps, and the application is handed in."""
    page, who, shot = walk.phone, walk.who, walk.pictures / "picture.png"
    page.goto(f"{walk.house.address}/borrower/apply")
    page.fill("[name=amount]", yuan)
    with page.expect_navigation():
        page.locator("[name=amount]").blur()
    with page.expect_navigation():
        page.check(f"[name=instalments][value='{instalments}']")
    walk.look(page, "cost")
    walk.press(".act .primary")
    walk.look(page, "number")
    log_in(walk)

    page.fill("[name=name]", who.name)
    page.fill("[name=id_number]", who.id_number)
    page.fill("[name=address]", who.private["address"])
    page.set_input_files("[name=id_front]", shot)
    page.set_input_files("[name=id_back]", shot)
    walk.look(page, "who")
    walk.press(".act .primary")

    page.fill("[name=model]", who.model)
    page.select_option("[name=storage_gb]", str(who.storage_gb))
    for name in ("screen", "body", "works", "opened", "sim"):
        page.check(f"[name={name}][value={who.file[name]}]")
    page.fill("[name=imei1]", who.imeis[0])
    page.fill("[name=imei2]", who.imeis[1])
    walk.look(page, "which-phone")
    walk.press(".act .primary")

    for slot in ("invoice", "photo_front", "photo_back", "photo_screen"):
        page.set_input_files(f"[name={slot}]", shot)
    page.check("[name=account_signed_out][type=checkbox]")
    page.check("[name=declaration]")
    walk.look(page, "proof")
    walk.press(".act .primary")

    page.select_option("[name=purpose]", who.file["purpose"])
    for name, figure in {"monthly_income_minor": "15,000", "monthly_obligations_minor": "1000", "existing_loans": "0",
                         "employment_years": "8", "residence_years": "6"}.items():  # fmt: skip
        page.fill(f"[name={name}]", figure)
    page.check("[name=housing][value=own]")
    page.check("[name=savings_band][value=high]")
    walk.look(page, "means")
    walk.press(".act .primary")

    for purpose in CONSENTS:
        page.check(f"[name=consent_{purpose}]")
    walk.look(page, "consents")
    walk.press(".act .primary")
    walk.look(page, "check")
    walk.press(".act .primary")
    walk.look(page, "handed-in")


def confirm(walk: Town) -> None:
    """The caller's desk: the script read step by step, who it is before the loan is named, the borrower's code at the end."""
    page = walk.open("caller", "/calls")
    walk.look(page, "call-case")
    walk.press("form[action$='/take'] button", page)
    walk.press("form[action$='/dial'] button", page)
    walk.look(page, "calling")
    walk.press("form[action$='/answered'] button", page)
    for answer in ("goes_on", "agrees"):
        page.check(f"#answer [name=answer][value={answer}]")
        walk.press("#answer button.primary", page)
    page.fill("#answer [name=name]", walk.who.name)
    page.fill("#answer [name=last_four]", walk.who.id_number[-4:])
    walk.look(page, "who-is-there")
    walk.press("#answer button.primary", page)
    for answer in ("own_will", "same", "right", "understood", "understood"):
        page.check(f"#answer [name=answer][value={answer}]")
        walk.look(page, f"call-{answer}")
        walk.press("#answer button.primary", page)
    walk.press("#answer button.primary", page)  # the file lacks nothing
    page.check("#answer [name=answer][value=none]")
    walk.press("#answer button.primary", page)
    walk.press("form[action*='/code'] button", page)
    walk.look(page, "call-code")
    page.fill("#open-step [name=digits]", walk.code())
    walk.press("#open-step form[action*='/steps/'] button", page)
    walk.look(page, "call-all-said")
    walk.press("form[action$='/confirm'] button", page)
    walk.look(page, "confirmed")


def decide(walk: Town) -> None:
    """The rule decides."""
    page = walk.open("approver", "/decisions")
    walk.look(page, "to-decide")
    walk.press("form[action$='/decide'] button", page)
    walk.look(page, "decided")


def sign(walk: Town) -> None:
    """Drafted and offered by the officer, read and signed on the phone, sealed by somebody else."""
    desk = walk.open("officer", "/loans")
    walk.look(desk, "to-offer")
    walk.press("form[action$='/contract/draft'] button", desk)
    walk.press("form[action$='/contract/offer'] button", desk)
    walk.look(desk, "offered")

    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.look(page, "to-sign")
    walk.press("main a.btn.primary", page)
    for box in page.locator("[name=read]").all():
        box.check()
    walk.look(page, "contract")
    walk.press(".act .primary")
    page.fill("[name=code]", walk.code())
    walk.look(page, "signing")
    walk.press(".act .primary")
    walk.look(page, "signed")

    seal = walk.open("approver", "/loans")
    walk.look(seal, "to-seal")
    walk.press("form[action$='/contract/seal'] button", seal)
    walk.look(seal, "sealed")


def take_in(walk: Town, seal: str = "SL-00001") -> None:
    """The custodian looks at the phone and reads its numbers; a second person sees the same."""
    page, shot = walk.open("custodian", "/loans"), walk.pictures / "picture.png"
    walk.press("form[action$='/value'] button", page)
    walk.look(page, "valued")
    walk.press("a[href$='/take-in']", page)
    page.fill("main [name=imei1]", walk.who.imeis[0])
    page.fill("main [name=imei2]", walk.who.imeis[1])
    page.check("main [name=lock_off]")
    page.check("main [name=sim_out]")
    for slot in ("photo_front", "photo_back", "photo_seal"):
        page.set_input_files(f"main [name={slot}]", shot)
    page.fill("main [name=seal_no]", seal)
    if page.locator("main select[name=slot]").count() == 0:
        page.fill("main [name=slot]", f"{cast.SHELF}-01-01")
    walk.look(page, "taking-in")
    walk.press("main form .foot button.primary", page)
    walk.look(page, "witness-asked")

    witness = walk.open("keeper", "/loans")
    witness.locator("#stage-custody form[action*='/things/requests/'] [name=words]").fill("看过实物（示例）")
    walk.look(witness, "witness")
    walk.press("#stage-custody form[action*='/things/requests/'] button[value=yes]", witness)
    walk.look(witness, "in-custody")


def pay_out(walk: Town) -> None:
    """Asked for by the officer, checked by another, sent; the borrower's page says so."""
    page = walk.open("officer", "/loans")
    page.fill("main [name=payee_name]", walk.who.name)
    page.fill("main [name=account]", walk.who.account)
    walk.look(page, "payout")
    walk.press("form[action$='/payout'] button.primary", page)
    check = walk.go("checker", "/money")
    check.locator("form[action$='/check'] [name=words]").fill("户名一致（示例）")
    walk.look(check, "payout-to-check")
    walk.press("form[action$='/check'] button[value=yes]", check)
    walk.look(check, "payout-checked")
    until(walk.open("officer", "/loans"), "#schedule")
    walk.look(page, "paid-out")


def until(page: Page, what: str) -> None:
    """What the worker does is there after a reload or a few."""
    for _ in range(60):
        page.reload()
        if page.locator(what).count():
            return
    raise AssertionError(f"{page.url} never shows {what}")


def enter(walk: Town) -> None:
    """The borrower comes back to a loan that is there already."""
    walk.phone.goto(f"{walk.house.address}/borrower/")
    log_in(walk)
    walk.look(walk.phone, "my-loan")


# -- one thing of several ----------------------------------------------------------------------------


def brought(walk: Town, imeis: tuple[str, ...]) -> None:
    """The borrower lays a second phone on the counter; the custodian puts down what it is and whose."""
    page, shot = walk.open("custodian", "/loans"), walk.pictures / "picture.png"
    walk.press("#stage-custody a[href$='/pledges']", page)
    walk.look(page, "one-stands")
    expect(page.locator("main form[action$='/release']")).to_have_count(0)  # nothing else would cover what is owed
    walk.press("a[href$='/pledges/thing']", page)
    page.fill("main [name=model]", walk.who.model)
    page.select_option("main [name=storage_gb]", str(walk.who.storage_gb))
    for name, value in (("screen", "clean"), ("body", "clean"), ("works", "all"), ("opened", "no"), ("sim", "dual")):
        page.check(f"main [name={name}][value={value}]")
    page.fill("main [name=imei1]", imeis[0])
    page.fill("main [name=imei2]", imeis[1])
    for each in page.locator("main input[type=file]").all():
        each.set_input_files(shot)
    walk.look(page, "brings")
    walk.press("main form .foot button.primary", page)
    walk.look(page, "brought")


def taken_in_too(walk: Town, imeis: tuple[str, ...]) -> None:
    """Taken into custody beside the first, under a seal of its own, before two."""
    page, shot = walk.at("custodian"), walk.pictures / "picture.png"
    walk.press(page.locator("main a[href*='/pledges/things/']:not([href*='instead_of'])").first)
    page.fill("main [name=imei1]", imeis[0])
    page.fill("main [name=imei2]", imeis[1])
    page.check("main [name=lock_off]")
    page.check("main [name=sim_out]")
    for slot in ("photo_front", "photo_back", "photo_seal"):
        page.set_input_files(f"main [name={slot}]", shot)
    page.fill("main [name=seal_no]", "SL-00077")
    page.fill("main [name=reason]", "借款人追加一部（示例）")
    walk.look(page, "taking-in-too")
    walk.press("main form .foot button.primary", page)
    _second_agrees(walk, "keeper")


def let_go(walk: Town) -> None:
    """The officer asks for it to go home, since the first covers the debt; another person looks at the figures and agrees."""
    page = walk.open("officer", "/loans")
    walk.press("#stage-custody a[href$='/pledges']", page)
    row = page.locator("section[aria-labelledby=st] .b", has_text="SL-00077")
    row.locator("summary").click()
    row.locator("[name=reason]").fill("另一件已够担保（示例）")
    walk.look(page, "letting-go")
    walk.press(row.locator("form[action$='/release'] button.primary"))
    expect(page.locator("main form[action*='/things/requests/']")).to_have_count(0)  # who asked does not agree
    _second_agrees(walk, "approver")


def handed_home(walk: Town) -> None:
    """The owner stands at the counter: the seal is read, the card looked at, and a second person agrees before it leaves."""
    page = walk.open("custodian", "/loans")
    form = page.locator("#stage-custody form[action$='/custody/handback']")
    form.locator("[name=seal_no]").fill("SL-00077")
    form.locator("[name=identity_seen]").check()
    walk.look(page, "handing-home")
    walk.press(form.locator("button.primary"))
    _second_agrees(walk, "keeper")
    page.reload()
    expect(page.locator("#stage-custody")).to_contain_text("已归还")
    walk.look(page, "handed-home")


def _second_agrees(walk: Town, who: str) -> None:
    page = walk.open(who, "/loans")
    asked = page.locator("#stage-custody form[action*='/things/requests/']")
    asked.locator("[name=words]").fill("看过实物与账目（示例）")
    walk.look(page, "second-person")
    walk.press(asked.locator("button[value=yes]"))


# -- while it is repaid ----------------------------------------------------------------------------


def next_due(walk: Town) -> date:
    """The day that the borrower's page names as the next, which is the first that is not paid in the schedule."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.look(page, "my-loan")
    named = re.search(r"\d{4}-\d{2}-\d{2}", page.locator("main p.strong").first.inner_text())
    assert named is not None
    walk.press(page.get_by_role("link", name="还款计划和全部金额" if walk.language == "zh" else "Schedule and all figures"))
    walk.look(page, "schedule")
    expect(page.locator("tbody tr", has=page.locator(".st:not(.done)")).first).to_contain_text(named[0])
    return date.fromisoformat(named[0])


def reminded(walk: Town, *, times: int) -> None:
    """Yesterday's and today's reminders are on the phone; the loan's page shows all of them, the last of today."""
    told = "到期" if walk.language == "zh" else "is due on"
    assert sum(told in text for text in walk.messages()) == 2
    walk.look(walk.at("risk"), "reminders")
    page = walk.open("officer", "/loans")
    expect(page.locator(".sms .bub", has_text=told)).to_have_count(times)
    walk.look(page, "due-today")


def pay_by_bank(walk: Town, what: str = "instalment") -> None:
    """Chosen on the phone, said to be transferred, and booked from the bank's statement as a bank writes it."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.press("main a[href$='/pay']", page)
    walk.look(page, "what-to-pay")
    walk.press(f"button[name=what][value={what}]", page)
    walk.look(page, "transfer")
    amount = page.locator(".fig.xl").evaluate("each => each.firstChild.textContent").replace(",", "").strip()
    code = page.locator("dl .mono.strong").inner_text()
    walk.press("form[action$='/paid'] button", page)
    walk.look(page, "said-paid")

    desk = walk.go("officer", "/money")
    walk.press("main a[href='/money/statements']", desk)
    today = walk.today()
    line = f"{today},{amount},{walk.who.name},{walk.who.account},{code},示例{code}"
    file = walk.pictures / f"{'流水' if walk.language == 'zh' else 'statement'}-{today}.csv"
    file.write_bytes(f"入账日期,贷方金额,对方户名,对方账号,附言,交易流水号\n{line}\n".encode("gb18030"))
    desk.set_input_files("main [name=file]", file)
    walk.look(desk, "statement")
    walk.press("main form .foot button.primary", desk)
    walk.look(desk, "what-it-holds")
    walk.press("main .page-h button.primary", desk)
    until(desk, "td .st.done")
    walk.look(desk, "matched")
    page.reload()
    walk.look(page, "paid")


def pay_at_counter(walk: Town) -> None:
    """Cash into the teller's drawer, counted, and counted again by another."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    number = page.locator(".dl dd").last.inner_text()
    walk.press("main a[href$='/pay']", page)
    amount = page.locator(".between b.num").first.inner_text()

    desk = walk.go("teller", "/money")
    walk.press("main a[href='/money/counter']", desk)
    desk.fill("main [name=float_held]", "100")
    walk.press("main form[action$='/drawer'] button", desk)
    desk.fill("#cash [name=loan]", number)
    desk.fill("#cash [name=amount]", "".join(each for each in amount if each in "0123456789."))
    walk.look(desk, "cash")
    walk.press("#cash button.primary", desk)
    desk.locator("details:has(form[action$='/count']) > summary").click()
    there = desk.locator(".kf .fig").first.evaluate("each => each.firstChild.textContent")
    desk.fill("form[action$='/count'] [name=counted]", there)
    walk.look(desk, "count")
    walk.press("form[action$='/count'] button", desk)
    second = walk.go("keeper", "/money")
    walk.press("main a[href='/money/counter']", second)
    second.fill("form[action$='/close'] [name=counted]", there)
    walk.look(second, "count-again")
    walk.press("form[action$='/close'] button", second)
    walk.look(second, "closed-by-two")


def follow_up(walk: Town) -> None:
    """The duty stands on the caller's first page and on the loan, until how it went is noted; then the next one stands."""
    page = walk.phone
    page.reload()
    walk.look(page, "late")
    expect(page.locator("main")).to_contain_text("1 day")

    desk = walk.go("caller", "/")
    walk.look(desk, "caller-s-day")
    walk.press("a.btn.primary", desk)
    walk.look(desk, "follow-up")
    card = desk.locator("section.duty", has=desk.locator("form")).first
    number = card.get_attribute("id") or ""
    walk.press(card.locator("form[action$='/call/dial'] button"), desk)
    walk.look(desk, "ringing")
    card.locator("select[name=outcome]").select_option("promised")
    card.locator("textarea").fill("Will pay today, the salary came late")
    walk.look(desk, "noting")
    walk.press(card.locator("form[action*='/duties/'] button"), desk)
    walk.look(desk, "noted")
    expect(desk.locator(f"#{number}")).to_have_count(0)
    expect(desk.locator(".tl").last).to_contain_text("Will pay today")
    expect(desk.locator("section.duty", has_text="Follow up arrears T+3")).to_have_count(1)


def cured(walk: Town) -> None:
    """Nothing is late any more, on either side; what stands next is a reminder."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.look(page, "cured")
    expect(page.locator("main")).to_contain_text("Next:")
    desk = walk.open("caller", "/loans")
    walk.look(desk, "cured-at-the-desk")
    expect(desk.locator("section.duty", has_text="Follow up")).to_have_count(0)
    expect(desk.locator("section.duty", has_text="Reminder")).not_to_have_count(0)


# -- the thing goes home ---------------------------------------------------------------------------


def release(walk: Town, seal: str = "SL-00001") -> None:
    """Told by message, identified, audited, approved by two, certified, handed back by two, reported."""
    walk.look(walk.at("risk"), "messages")
    told = walk.comes("取回") if walk.language == "zh" else walk.comes("fetch")
    assert walk.who.name not in told

    identify(walk)
    clear(walk)
    page = walk.open("custodian", "/releases")
    page.fill("#handback [name=seal_1]", seal)
    page.fill("#handback [name=imei_1]", " ".join(walk.who.imeis))
    walk.look(page, "handing-back")
    walk.press("#handback button.primary", page)
    witness = walk.open("checker", "/releases")
    witness.fill("form[action*='/hand-back'] [name=words]", "当面开封核对（示例）")
    walk.look(witness, "handing-back-seen")
    walk.press("form[action*='/hand-back'] button[value=yes]", witness)
    walk.look(witness, "handed-back")
    report(walk)


def identify(walk: Town) -> None:
    """Who has come: name, number, and the code on the borrower's phone."""
    page = walk.open("custodian", "/releases")
    walk.look(page, "release")
    walk.press("form[action*='/code'] button", page)
    page.fill("#identify [name=name]", walk.who.name)
    page.fill("#identify [name=id_number]", walk.who.id_number)
    page.fill("#identify [name=code]", walk.code())
    walk.look(page, "who-has-come")
    walk.press("form[action*='/identify'] button.primary", page)
    walk.look(page, "identified")


def clear(walk: Town) -> None:
    """The audit, two approvers, and the certificate."""
    desk = walk.open("teller", "/releases")
    walk.press("form[action*='/audit'] button.primary", desk)
    walk.look(desk, "audited")
    for user in ("approver", "risk"):
        desk = walk.open(user, "/releases")
        desk.fill("form[action*='/approve'] [name=words]", "账物相符（示例）")
        walk.look(desk, "to-approve")
        walk.press("form[action*='/approve'] button[value=yes]", desk)

    desk = walk.open("officer", "/releases")
    walk.press("form[action*='/certify'] button", desk)
    walk.look(desk, "certified")
    assert reads_as_pdf(desk) >= 2


def report(walk: Town) -> None:
    """The bureau is told, and the loan is settled."""
    desk = walk.open("officer", "/releases")
    walk.press("form[action*='/report'] button", desk)
    walk.look(desk, "reported")
    desk = walk.open("officer", "/loans")
    walk.look(desk, "settled")
    expect(desk.locator(".page-h")).to_contain_text("已结清" if walk.language == "zh" else "Settled")


def prove_to_others(walk: Town) -> None:
    """The borrower follows the release to its proof page, which checks itself, without a network too."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.look(page, "my-settled-loan")
    walk.press("main a[href*='/release/']", page)
    walk.look(page, "my-release")
    walk.press("main a[href^='/proof/']", page)
    page.wait_for_selector("#verdict:not([data-state=busy])")
    page.wait_for_selector("#kept:not([hidden])", state="attached")
    walk.look(page, "proof-page")
    before = page.locator("#verdict").get_attribute("data-state")
    assert before == "ok", page.locator("main").inner_text()
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("#verdict:not([data-state=busy])")
    walk.look(page, "proof-offline")
    assert page.locator("#verdict").get_attribute("data-state") == before
    page.context.set_offline(False)


# -- when it goes wrong ----------------------------------------------------------------------------


def note_follow_ups(walk: Town) -> None:
    """The caller notes whatever follow-up is to be done today."""
    desk = walk.go("caller", "/")
    while desk.locator(".page-h + section a.btn.primary").count():
        walk.press(desk.locator(".page-h + section a.btn.primary"))
        card = desk.locator("section.duty", has=desk.locator("form")).first
        walk.press(card.locator("form[action$='/call/dial'] button"), desk)
        card.locator("select[name=outcome]").select_option("reached")
        card.locator("textarea").fill("本人接听，说近期会还（示例）")
        walk.press(card.locator("form[action*='/duties/'] button"), desk)
        desk = walk.go("caller", "/")


def follow(walk: Town) -> Page:
    """The borrower goes from their first page to what became of the thing."""
    page = walk.phone
    page.goto(f"{walk.house.address}/borrower/")
    walk.press("main a[href*='/borrower/release/']", page)
    return page


def reads_as_pdf(page: Page) -> int:
    """How many papers the page leads to; each comes down and is a PDF."""
    links = page.locator("main a[href*='/papers/']").evaluate_all("links => links.map(each => each.href)")
    for link in links:
        paper = page.request.get(link)
        assert paper.ok, link
        assert paper.body().startswith(b"%PDF"), link
    return len(links)


def give_notice(walk: Town) -> date:
    """The officer gives notice; the borrower reads it and until when to pay. The first day on which the thing may be sold."""
    page = walk.go("officer", "/releases")
    walk.press("main a[href='/defaults']", page)
    walk.look(page, "late-enough")
    walk.press("main tbody a", page)
    walk.look(page, "default")
    walk.press("form[action*='/notice'] button", page)
    walk.look(page, "noticed")
    assert reads_as_pdf(page) >= 1
    walk.comes("通知书在您的页面")
    phone = follow(walk)
    walk.look(phone, "my-default")
    assert reads_as_pdf(phone) >= 1
    named = re.search(r"\d{4}-\d{2}-\d{2}", phone.locator("section:has(#df) p").first.inner_text())
    assert named is not None
    return date.fromisoformat(named[0])


def default_of(walk: Town, user: str) -> Page:
    """Somebody opens the default."""
    walk.press("main a[href='/defaults']", walk.go(user, "/releases"))
    return walk.press("main tbody a", walk.at(user))


def sell(walk: Town) -> None:
    """Valued, a buyer and a price entered, and agreed to by two others."""
    page = default_of(walk, "custodian")
    page.fill("form[action*='/value'] [name=amount]", "4,300.00")
    page.fill("form[action*='/value'] [name=words]", "按成色和近期成交价（示例）")
    walk.press("form[action*='/value'] button", page)
    walk.look(page, "valued-for-sale")
    buyer = cast.borrower(900, "王示例")
    page.fill("#sale [name=price]", "4200")
    page.fill("#sale [name=costs]", "拍卖佣金（示例） 120.00")
    page.fill("#sale [name=buyer_name]", buyer.name)
    page.fill("#sale [name=buyer_id]", buyer.id_number)
    page.select_option("#sale [name=relation]", "none")
    walk.look(page, "sale")
    walk.press("#sale button.primary", page)
    for user in ("approver", "risk"):
        second = default_of(walk, user)
        second.fill("form[action*='/sell'] [name=words]", "看过估值（示例）")
        walk.look(second, "sale-to-agree")
        walk.press("form[action*='/sell'] button[value=yes]", second)
    walk.look(second, "sold")


def settle_account(walk: Town) -> None:
    """The statement, and what is left over goes back by two."""
    page = default_of(walk, "officer")
    walk.press("form[action*='/account'] button", page)
    walk.look(page, "statement-issued")
    assert reads_as_pdf(page) >= 1
    page.fill("form[action*='/ask-surplus'] [name=reason]", "处置余款退还借款人（示例）")
    walk.press("form[action*='/ask-surplus'] button", page)
    second = default_of(walk, "approver")
    second.fill("form[action*='/return-surplus'] [name=words]", "已核对（示例）")
    walk.look(second, "surplus")
    walk.press("form[action*='/return-surplus'] button[value=yes]", second)
    walk.look(second, "surplus-returned")
    walk.look(follow(walk), "my-statement")
