"""Somebody applies on a phone, from the cost to the application handed in, in both languages; staff look at the file."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.applications.people import IMEI, SECOND_IMEI, id_number, picture
from tests.browser.conftest import Visit, Visitor
from tests.browser.test_screens import _english_in

LANGUAGES = {"zh": ("林示例", "13911110001", 1), "en": ("Sample Person", "13911110002", 2)}


def code_for(visit: Visit, number: str) -> str:
    """The newest code on the console's phone that went to this number."""
    masked = f"{number[:3]}****{number[7:]}"
    staff = visit("officer")
    for _ in range(40):
        page = staff.go("/phone")
        text = page.locator(".sms").inner_text() if page.locator(".sms").count() else ""
        for body, meta in re.findall(r"(【[^\n]*)\n+([^\n]*)", text):
            if masked in meta and (found := re.search(r"[0-9]{6}", body)):
                return found[0]
        time.sleep(0.5)
    raise AssertionError(f"no code came for {masked}")


def fits(page: Page) -> None:
    beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert beyond <= 0, f"{page.url} scrolls sideways by {beyond} px"
    assert page.locator("h1").count() == 1


def log_in(visit: Visit, somebody: Visitor, number: str) -> None:
    page = somebody.page
    page.fill("[name=number]", number)
    page.click(".act .primary")
    page.wait_for_selector("[name=code]")
    fits(page)
    page.fill("[name=code]", code_for(visit, number))
    page.click(".act .primary")


def on_another_device(visit: Visit, number: str) -> Page:
    """The same number in another browser: everything that was filled in is still there."""
    later = visit(width=390)
    time.sleep(61)  # one code a minute
    page = later.go("/borrower/")
    log_in(visit, later, number)
    page.wait_for_selector(".prog")
    page.click("main .btn.primary")
    page.wait_for_selector("[name=imei1]")
    assert page.input_value("[name=model]") == "iPhone 15"
    assert page.input_value("[name=imei2]") == SECOND_IMEI
    return page


@pytest.mark.parametrize("language", ["zh", "en"])
def test_somebody_applies_from_the_cost_to_the_confirmation_and_comes_back_on_another_device(
    visit: Visit, language: str, tmp_path: Path
) -> None:
    name, number, order = LANGUAGES[language]
    shot = tmp_path / "picture.png"
    shot.write_bytes(picture())
    somebody = visit(width=390, language=language)
    page = somebody.go("/borrower/apply")
    spoken = page.locator("html").get_attribute("lang")
    assert spoken == {"zh": "zh-Hans", "en": "en"}[language]

    # The cost is there before anything was asked, and follows the sum.
    assert page.locator("[name=name], [name=id_number], [name=number]").count() == 0
    page.fill("[name=amount]", "3,500")
    with page.expect_navigation():
        page.locator("[name=amount]").blur()
    assert page.locator(".fig.xl").inner_text().startswith("3,648.47")
    assert "15.49%" in page.locator("main").inner_text()
    fits(page)
    page.click(".act .primary")
    log_in(visit, somebody, number)

    # Who: a mistyped number is told, and what was right stays.
    page.wait_for_selector("[name=id_number]")
    page.fill("[name=name]", name)
    page.fill("[name=id_number]", "330203199104052269")
    page.click(".act .primary")
    page.wait_for_selector("#f-id_number-err")
    assert page.input_value("[name=name]") == name
    page.fill("[name=id_number]", id_number(date(1991, 4, 5), order=order))
    page.fill("[name=address]", "示例省示例市海棠路 1 号" if language == "zh" else "1 Sample Street")
    page.set_input_files("[name=id_front]", shot)
    page.set_input_files("[name=id_back]", shot)
    fits(page)
    page.click(".act .primary")

    # Which phone.
    page.wait_for_selector("[name=model]")
    page.fill("[name=model]", "iPhone 15")
    page.select_option("[name=storage_gb]", "128")
    for field, answer in {"screen": "clean", "body": "light_marks", "works": "all", "opened": "no", "sim": "dual"}.items():
        page.check(f"[name={field}][value={answer}]")
    page.fill("[name=imei1]", IMEI[:-1] + "9")
    page.fill("[name=imei2]", SECOND_IMEI)
    page.click(".act .primary")
    page.wait_for_selector("#f-imei1-err")
    fits(page)

    if language == "en":
        page = on_another_device(visit, number)
    page.fill("[name=imei1]", IMEI)
    page.click(".act .primary")

    page.wait_for_selector("[name=declaration]")
    for slot in ("invoice", "photo_front", "photo_back", "photo_screen"):
        page.set_input_files(f"[name={slot}]", shot)
    page.check("[name=account_signed_out][type=checkbox]")
    page.check("[name=declaration]")
    fits(page)
    page.click(".act .primary")

    page.wait_for_selector("[name=purpose]")
    page.select_option("[name=purpose]", "medical")
    means = {"monthly_income_minor": "6,500", "monthly_obligations_minor": "1200.50", "existing_loans": "1", "employment_years": "3",
             "residence_years": "2"}  # fmt: skip
    for field, figure in means.items():
        page.fill(f"[name={field}]", figure)
    page.check("[name=housing][value=rent]")
    page.check("[name=savings_band][value=low]")
    fits(page)
    page.click(".act .primary")

    # Nothing is ticked beforehand; what may be left out is left out.
    page.wait_for_selector("[name=consent_service]")
    assert page.locator("input:checked").count() == 0
    for purpose in ("service", "bureau_query", "bureau_report"):
        page.check(f"[name=consent_{purpose}]")
    page.click(".act .primary")
    page.wait_for_selector("#f-consent_contact-err")
    page.check("[name=consent_contact]")
    page.click(".act .primary")

    page.wait_for_selector("[form=send]")
    fits(page)
    if language == "zh":
        assert [word for word in _english_in(page) if word.lower() not in ("iphone", "gb", "imei", "sim", "rate", "cap", "png")] == []
    page.click(".act .primary")
    page.wait_for_selector(".stages")
    fits(page)
    assert page.locator(".stages [aria-current=step]").count() == 1

    staff = visit("officer", language=language)
    staff.go("/applications")
    label = "林*" if language == "zh" else "S*"
    staff.page.click(f"tbody a:has-text('{label}')")
    staff.page.wait_for_selector("#papers")
    assert name not in staff.page.content()
    assert IMEI not in staff.page.content()


def test_the_plan_that_is_applied_for_is_the_one_whose_cost_was_shown(visit: Visit) -> None:
    """A sum changed and sent at once, without a look at its cost, is not taken."""
    somebody = visit(width=390)
    somebody.page.route("**/borrower.js", lambda route: route.abort())
    page = somebody.go("/borrower/apply")
    page.fill("[name=amount]", "1,234")
    page.click(".act .primary")
    page.wait_for_selector(".note.info")
    assert page.locator(".fig.xl").inner_text().startswith("1,286.34")
    page.click(".act .primary")
    page.wait_for_selector("[name=number]")
    somebody.complaints.clear()  # the browser says that the script was not loaded


def test_the_desk_and_the_phone_fit_at_both_widths(visit: Visit) -> None:
    for width in (390, 1440):
        for language in ("zh", "en"):
            staff = visit("officer", width=width, language=language)
            for path in ("/applications", "/applications?state=draft&q=nobody", "/phone"):
                fits(staff.go(path))
