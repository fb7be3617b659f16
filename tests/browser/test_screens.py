"""Every screen, at a desk and on a phone, in both languages: it fits, it keeps the content policy, it speaks one language."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser import walking
from tests.browser.conftest import Visit

SCREENS = (
    "/", "/loans", "/loans?state=active&dpd=1-", "/loans?q=00-00", "{late}", "{late}/journal?record=1", "{paid_off}",
    "/tonight", "/tonight?kind=entry", "/tapes", "/shadow", "/journal", "/coverage", "/reviews?which=all", "{firm}/reviews",
    "/texts", "/texts/reminder/zh-hans", "/plans",
)  # fmt: skip
REFUSALS = ("/no-such-page", "/loans/ln_nothere")
SIZES = ((1440, "zh"), (1440, "en"), (390, "zh"), (390, "en"))

# Latin words that stand in Chinese text as they are: names, units of proof, formats, codes that a user types.
# Besides what the stories' walks know: names of tapes, and of what the browser itself writes.
LATIN = walking.LATIN | {"openintro", "lending", "club", "lendingclub", "leaf", "choose", "file", "no", "chosen"}


def _all(visit: Visit) -> list[str]:
    visitor = visit("admin")
    loans = {"late": visitor.loan("?state=active&dpd=1-"), "paid_off": visitor.loan("?state=releasing")}
    loans["firm"] = visitor.loan("?q=商行")
    return [screen.format(**loans) for screen in SCREENS]


@pytest.mark.parametrize(("width", "language"), SIZES)
def test_every_screen_fits_and_keeps_the_content_policy(visit: Visit, width: int, language: str) -> None:
    screens = _all(visit)
    visitor = visit("admin", width=width, language=language)
    for screen in (*screens, *REFUSALS):
        page = visitor.go(screen)
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert beyond <= 0, f"{screen} scrolls sideways by {beyond} px at {width}"
        assert page.locator("h1").count() == 1, screen
        assert page.locator("html").get_attribute("lang") == {"zh": "zh-Hans", "en": "en"}[language], screen
        assert page.title().endswith(" · Holdfast"), screen
        assert page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)") == [], (
            screen
        )


def test_no_page_carries_script_style_handler_or_outside_address(visit: Visit) -> None:
    visitor = visit("admin")
    for screen in ("/login", *_all(visit), *REFUSALS):
        answer = visitor.page.request.get(visitor.house.address + screen)
        text = answer.text()
        assert "default-src 'none'" in answer.headers["content-security-policy"], screen
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), f"{screen} has a script of its own"
        assert not re.search(r"<style|\sstyle\s*=", text), f"{screen} has a style of its own"
        assert not re.search(r"\son[a-z]+\s*=", text), f"{screen} has a handler of its own"
        assert not re.search(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", text), f"{screen} names an outside host"


@pytest.mark.parametrize("role", ["officer", "caller", "approver", "custodian", "risk", "auditor", "admin"])
def test_each_role_has_a_home_in_chinese_without_an_english_word(visit: Visit, role: str) -> None:
    visitor = visit(role, language="zh")
    for screen in ("/", visitor.loan("?state=active&dpd=1-"), "/tonight"):
        visitor.go(screen)
        assert _english_in(visitor.page) == [], screen


def test_no_screen_in_chinese_has_an_english_word(visit: Visit) -> None:
    screens = _all(visit)
    visitor = visit("admin", language="zh")
    for screen in (*screens, *REFUSALS):
        visitor.go(screen)
        assert _english_in(visitor.page) == [], screen


def test_no_screen_in_english_has_a_chinese_word_but_names(visit: Visit) -> None:
    """Names of people and branches, messages to borrowers and what was typed stay as they are."""
    screens = _all(visit)
    visitor = visit("admin", language="en")
    for screen in screens:
        page = visitor.go(screen)
        for heading in page.locator("h2, h3, th, dt, label, button").all_inner_texts():
            assert not re.search(r"[\u4e00-\u9fff]", heading.replace("中文", "")), f"{screen}: {heading}"


def _english_in(page: Page) -> list[str]:
    """English words in what a person reads: not in code, numbers of records, or the language's own name."""
    text = page.evaluate(
        """() => {
            const copy = document.body.cloneNode(true);
            copy.querySelectorAll('.mono, .hash, .url, pre, [lang="en"], kbd, dialog, option').forEach((each) => each.remove());
            document.body.append(copy);
            const text = copy.innerText;
            copy.remove();
            return text;
        }"""
    )
    return sorted({word for word in re.findall(r"[A-Za-z]{2,}", walking.SHORT_DIGEST.sub(" ", text)) if word.lower() not in LATIN})


@pytest.mark.parametrize("width", [1440, 390])
def test_in_the_dark_every_screen_still_fits(visit: Visit, width: int) -> None:
    visitor = visit("officer", width=width, dark=True)
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 23, 22)"
    visitor.go("/settings/theme/light?back=/loans")
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 245, 241)"


def test_zoomed_to_four_hundred_percent_the_pages_reflow(visit: Visit) -> None:
    """1,280 pixels at 400 % are 320 CSS pixels."""
    visitor = visit("officer", width=320)
    for screen in ("/", "/loans", visitor.loan("?state=active&dpd=1-"), "/tonight", "/tapes"):
        visitor.go(screen)
        assert visitor.page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, screen
