"""Living a loan through the browser: the house's people at their desks, a borrower at a phone, and nothing done but by clicking and typing.

A town is one empty book of the cast's with its own server. Everybody has a browser of their own; every screen that is looked at
must fit, speak one language, and leaves a picture in the test's folder.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Locator, Page, expect

from holdfast.database.connection import transaction
from holdfast.duties.audit import Audit, examine
from holdfast.journal import newest_head, signing_key
from holdfast.journal.recheck import as_of_one_moment, recheck
from holdfast.journal.verify import OK
from holdfast.kernel.places import keys_folder
from holdfast.policy import clock
from holdfast.servicing.verify import verify_books
from holdfast.stories.cast import Borrower
from holdfast.stories.stage import Stage
from holdfast.stories.tales import BEGINS
from holdfast.wiring import EXPECTATIONS
from tests.browser.conftest import House, Visitor
from tests.daytime import zone_of_late_morning

Language = Literal["zh", "en"]

# Latin words that stand in Chinese text as they are, besides those of the trade's papers.
LATIN: Final = frozenset({
    "holdfast", "utc", "sha", "csv", "xlsx", "api", "english", "cn", "baseline", "ed25519", "enter", "cny", "hf", "imei", "sim", "gb",
    "pdf", "png", "pro", "sms", "id", "rate", "cap", "sl", "hq", "qr", "sf", "gb18030", "utf", "openssl", "pdfsig",
    "zen", "engine", "mb", "camt",
})  # fmt: skip
# Versions, codes, numbers of contracts and files.
# A digest told in short, `9f3c…dd`, is no word, whatever its letters.
SHORT_DIGEST: Final = re.compile(r"[0-9a-f]{4}…[0-9a-f]{2}")
_NAMES: Final = re.compile(rf"{SHORT_DIGEST.pattern}|[A-Za-z0-9._/-]*[0-9][A-Za-z0-9._/-]*")
_SIX_DIGITS: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


def stage_of_a_town() -> Stage:
    """The cast in the empty book of this process, on the morning of the stories' first day.

    What may be said only in the day can be said there whenever the tests run.
    """
    return Stage.empty(BEGINS, zone_of_late_morning())


@dataclass
class Town:
    """A book with its server, the people of the house by their log-ins, and one borrower."""

    house: House
    browser: Browser
    pictures: Path
    who: Borrower
    language: Language
    visitors: dict[str, Visitor] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    shots: int = 0

    # -- people -----------------------------------------------------------------------------------

    def at(self, user: str) -> Page:
        """That person's browser, logged in."""
        if user not in self.visitors:
            self._arrive(user, width=1440).log_in(user)
        return self.visitors[user].page

    @property
    def phone(self) -> Page:
        """The borrower's."""
        return self.visitors["borrower"].page if "borrower" in self.visitors else self._arrive("borrower", width=390).page

    def _arrive(self, name: str, *, width: int) -> Visitor:
        context = self.browser.new_context(
            viewport={"width": width, "height": 844 if width < 768 else 900}, locale={"zh": "zh-CN", "en": "en-GB"}[self.language],
            is_mobile=width < 768, has_touch=width < 768,
        )  # fmt: skip
        visitor = Visitor(self.house, context.new_page())
        visitor.page.set_default_timeout(60_000)
        visitor.page.on("console", visitor.hear)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        self.visitors[name] = visitor
        return visitor

    def leave(self) -> None:
        """Everybody closes the browser; no browser may have complained, and no screen that was looked at have been wrong."""
        complaints = [*self.wrong, *(each for visitor in self.visitors.values() for each in visitor.complaints)]
        for visitor in self.visitors.values():
            visitor.page.context.close()
        assert not complaints, "\n".join(complaints)

    # -- the hands --------------------------------------------------------------------------------

    def press(self, what: Locator | str, page: Page | None = None) -> Page:
        """Click what leads to another page, and arrive there."""
        button = what if isinstance(what, Locator) else (page or self.phone).locator(what).first
        with button.page.expect_navigation() as coming:
            button.click()
        answer = coming.value
        assert answer.status < 400, f"{answer.status} {answer.url}: {button.page.locator('main').inner_text()[:1500]}"
        return button.page

    def go(self, user: str, place: str) -> Page:
        """Somebody goes to a place of the house by its name in the navigation."""
        page = self.at(user)
        link = page.locator(f"nav.rail a[href='{place}']")
        if not link.first.is_visible():
            page.locator("nav.rail details.more > summary").click()
            link = link.locator("visible=true")
        return self.press(link.first)

    def open(self, user: str, place: str) -> Page:
        """Somebody finds the one loan in a list."""
        page = self.go(user, place)
        return self.press(page.locator("main tbody a").first)

    def look(self, page: Page, name: str) -> None:
        """A picture; the screen fits, has one heading, and speaks the reader's language."""
        self.shots += 1
        width = page.viewport_size["width"] if page.viewport_size else 0
        page.screenshot(path=self.pictures / f"{self.shots:02d}-{name}-{width}.png", full_page=True)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            self.wrong.append(f"{name} scrolls sideways by {beyond} px at {width}")
        if page.locator("h1").count() != 1:
            self.wrong.append(f"{name} has {page.locator('h1').count()} headings")
        strange = chinese_in(page) if self.language == "en" else [word for word in english_in(page) if word.lower() not in LATIN]
        if strange:
            self.wrong.append(f"{name} speaks another language: {strange}")

    # -- the borrower's messages ------------------------------------------------------------------

    def messages(self) -> list[str]:
        """What the console's phone shows, the newest first or last as it shows it."""
        page = self._desk_phone()
        return page.locator(".sms .bub").all_inner_texts()

    def code(self) -> str:
        """A code that has come and was not typed yet."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for text in self.messages():
                if (found := _SIX_DIGITS.search(text)) and found[0] not in self.spent:
                    self.spent.add(found[0])
                    return found[0]
        raise AssertionError("no code has come to the phone")

    def comes(self, words: str) -> str:
        """The message with these words, once it is there."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for text in self.messages():
                if words in text:
                    return text
        raise AssertionError(f"no message says {words}; there are {self.messages()}")

    def _desk_phone(self) -> Page:
        page = self.at("risk")
        if page.url != self.house.address + "/phone":
            return self.press(page.locator(".sample a[href='/phone']"))
        page.reload()
        return page

    # -- time -------------------------------------------------------------------------------------

    def today(self, user: str = "officer") -> date:
        return date.fromisoformat(self.at(user).locator(".sample [name=from_day]").get_attribute("value") or "")

    def move(self, until: Literal["day", "due", "month"], user: str = "officer") -> date:
        """Press the demo clock's button, and wait for the nights to have run."""
        page = self.at(user)
        page.reload()
        before = self.today(user)
        page.locator(f".sample button[value={until}]").click()
        expect(page.locator(f".sample [name=from_day][value='{before.isoformat()}']")).to_have_count(0, timeout=60_000)
        expect(page.locator(".toast")).to_be_visible(timeout=60_000)
        return self.today(user)

    # -- the proofs -------------------------------------------------------------------------------

    def prove(self) -> Audit:
        """Books, duties and journal, each by its own verifier, hold."""
        until = time.monotonic() + 20
        while True:
            with transaction() as db:
                if db.execute("SELECT 1 FROM seal_queue LIMIT 1").fetchone() is None or time.monotonic() > until:
                    break
        with transaction() as db:
            as_of_one_moment(db)
            wrong = [check.as_json() for check in verify_books(db) if not check.ok]
            audit = examine(db, clock(db).today(), EXPECTATIONS)
            own = signing_key(keys_folder(), heads_exist=True).verifier if newest_head(db) else None
            journal = recheck(db, own)
        assert wrong == []
        assert audit.clean, audit.as_json()
        assert journal.verdict == OK, journal.as_json()
        return audit


def english_in(page: Page) -> list[str]:
    """English words in what a person reads: not in code, numbers of records, or what is said in English."""
    text = page.evaluate(_READ, ".mono, .hash, .url, pre, [lang=en], kbd, dialog, option, .sms, td.wrap")
    return sorted(set(re.findall(r"[A-Za-z]{2,}", _NAMES.sub(" ", text))))


def chinese_in(page: Page) -> list[str]:
    """Chinese in headings, labels and buttons: names, messages and what was typed stay as they are."""
    words = page.locator("h2, h3, th, dt, label, button, legend, .lead").all_inner_texts()
    return sorted({word for word in words if re.search(r"[一-鿿]", word.replace("中文", "")) and "示例" not in word})


_READ: Final = """(leave) => {
    const copy = document.body.cloneNode(true);
    copy.querySelectorAll(leave).forEach((each) => each.remove());
    document.body.append(copy);
    const text = copy.innerText;
    copy.remove();
    return text;
}"""
