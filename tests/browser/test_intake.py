"""Assisted intake: an officer at a desk and a borrower with a phone in hand, from the cost to the loan, at both widths."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.applications.people import id_number, picture
from tests.browser.conftest import Visit
from tests.browser.test_applying import code_for, fits
from tests.browser.test_screens import _english_in

PHONE = {"screen": "clean", "body": "light_marks", "works": "all", "opened": "no", "sim": "single"}
MEANS = {"monthly_income_minor": "9000", "monthly_obligations_minor": "1500", "existing_loans": "1", "employment_years": "6",
         "residence_years": "4"}  # fmt: skip
WALKS = {"zh": (1440, "柜示例", "13911110071", 71, "353918104472804"), "en": (390, "Counter Person", "13911110072", 72, "490154203237518")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_officer_takes_an_application_in_and_the_borrower_s_own_phone_gives_the_consents(
    visit: Visit, language: str, tmp_path: Path
) -> None:
    width, name, number, order, imei = WALKS[language]
    shot = tmp_path / "照片.png"
    shot.write_bytes(picture())
    officer = visit("officer", width=width, language=language)
    page = officer.go("/applications")
    page.click("a[href='/applications/new']")
    fits(page)
    assert "15.49%" in page.inner_text("main"), "the cost comes before any question about the person"
    page.fill("[name=number]", number)
    page.click("button[name=begin]")

    page.fill("[name=name]", name)
    page.fill("[name=id_number]", id_number(order=order))
    page.fill("[name=address]", "示例省示例市海棠路 71 号")
    for slot in ("id_front", "id_back"):
        page.set_input_files(f"[name={slot}]", shot)
    fits(page)
    page.click("#step .btn.primary")

    page.fill("[name=model]", "示例机型 Pro")
    page.select_option("[name=storage_gb]", "256")
    for question, answer in PHONE.items():
        page.check(f"[name={question}][value={answer}]")
    page.fill("[name=imei1]", imei)
    page.click("#step [name=later]")
    fits(page)

    page.goto(f"{officer.house.address}/applications/new")
    page.click("details summary:has(+ form[action$=resume])")
    page.fill("form[action$=resume] [name=number]", number)
    page.click("form[action$=resume] .btn")
    for slot in ("invoice", "photo_front", "photo_back", "photo_screen"):
        page.set_input_files(f"[name={slot}]", shot)
    for tick in ("account_signed_out", "declaration"):
        page.check(f"[type=checkbox][name={tick}]")
    fits(page)
    page.click("#step .btn.primary")

    page.select_option("[name=purpose]", "daily_life")
    for field, value in MEANS.items():
        page.fill(f"[name={field}]", value)
    page.check("[name=housing][value=rent]")
    page.check("[name=savings_band][value=medium]")
    page.click("#step .btn.primary")

    fits(page)
    assert page.locator("form.card [type=checkbox]:checked").count() == 0, "nothing is ticked beforehand"
    for purpose in ("service", "bureau_query", "bureau_report", "contact"):
        page.check(f"[name=consent_{purpose}]")
    page.click("form.card .btn.primary")
    page.wait_for_selector("[name=code]")
    fits(page)
    page.fill("[name=code]", code_for(visit, number))
    page.click("form:has([name=code]) .btn.primary")

    page.wait_for_selector("form[action$=submission]")
    fits(page)
    if language == "zh":
        assert _english_in(page) == []
    page.click("form[action$=submission] .btn")
    page.wait_for_selector("a[href^='/loans/ln_']")
    assert officer.complaints == []
