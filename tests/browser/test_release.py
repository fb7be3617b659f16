"""A release and its proof in a real browser: staff walk it to the certificate, and the proof checks itself, without a network too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import Visit, Visitor


def releasing(visitor: Visitor) -> str:
    """The path of a release that has just been opened, of a loan with a thing."""
    page = visitor.go("/releases")
    path = page.locator("tbody tr").first.locator("a").first.get_attribute("href")
    assert path is not None
    return path


def answer_yes(page: Page, path: str) -> None:
    page.locator(f"form[action='{path}/approve'] textarea").fill("看过，相符")
    page.locator(f"form[action='{path}/approve'] button.primary").click()


@pytest.fixture
def certified(visit: Visit) -> tuple[str, str]:
    """A release of the sample book walked to its certificate by its people: its path, and that of its proof page."""
    officer = visit("officer")
    path = releasing(officer)
    page = officer.go(path)
    if page.locator(f"form[action='{path}/audit']").count():
        page.locator(f"form[action='{path}/audit'] button").click()
        for role in ("approver", "risk"):
            answer_yes(visit(role).go(path), path)
        page = officer.go(path)
    if page.locator(f"form[action='{path}/certify']").count():
        page.locator(f"form[action='{path}/certify'] button").click()
        page.wait_for_selector("a[href*='/papers/']")
    proof = page.locator("a[href^='/proof/']").get_attribute("href")
    assert proof is not None
    return path, proof


def settled(page: Page) -> str:
    """What the page concludes, once it has concluded."""
    page.wait_for_selector("#verdict:not([data-state=busy])")
    state: str = page.evaluate("document.getElementById('verdict').dataset.state")
    return state


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_proof_page_checks_itself_in_the_browser(visit: Visit, certified: tuple[str, str], width: int, language: str) -> None:
    visitor = visit(width=width, language=language)
    page = visitor.go(certified[1])
    assert settled(page) in ("ok", "part")  # a browser without Ed25519 says that it cannot check the signature
    for check in ("form", "chain", "tree", "page"):
        assert page.locator(f"tr[data-check={check}]").get_attribute("data-state") == "ok"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_proof_page_opens_and_checks_itself_without_a_network(visit: Visit, certified: tuple[str, str]) -> None:
    visitor = visit()
    page = visitor.go(certified[1])
    page.wait_for_selector("#kept:not([hidden])", state="attached")
    before = settled(page)
    page.context.set_offline(True)
    page.reload()
    assert settled(page) == before
    assert page.locator("tr[data-check=tree]").get_attribute("data-state") == "ok"
    page.context.set_offline(False)


@pytest.mark.parametrize("part", ["body", "path", "checkpoint"])
def test_a_bundle_that_was_altered_does_not_hold(visit: Visit, certified: tuple[str, str], part: str) -> None:
    visitor = visit()

    def alter(route: Route) -> None:
        bundle: dict[str, Any] = json.loads(route.fetch().text())
        record = next(each for each in bundle["records"] if each["path"])
        if part == "body":
            record["body"] = record["body"].replace('"minor":', '"minor":1', 1) if '"minor":' in record["body"] else record["body"] + " "
        elif part == "path":
            record["path"][0] = "00" * 32
        else:
            bundle["checkpoint"] = re.sub(r"\n(\d+)\n", lambda found: f"\n{int(found[1]) + 1}\n", bundle["checkpoint"], count=1)
        route.fulfill(body=json.dumps(bundle, ensure_ascii=False, sort_keys=True, separators=(",", ":")), content_type="application/json")

    visitor.page.context.route("**/proof/*/bundle", alter)
    page = visitor.go(certified[1])
    assert settled(page) == "broken"
    page.wait_for_selector("#kept:not([hidden])", state="attached")  # the copy for the device asks a second time


def test_what_the_page_saves_verifies_with_the_command(visit: Visit, certified: tuple[str, str], tmp_path: Path) -> None:
    from holdfast.journal.verify import verify_bundle

    visitor = visit()
    page = visitor.go(certified[1])
    saved = {}
    for name, button in (("bundle", "a[href$='/bundle?save']"), ("key", "a[href$='/key']"), ("head", "form[action$='/head'] button")):
        with page.expect_download() as download:
            page.locator(button).click()
        download.value.save_as(tmp_path / name)
        saved[name] = (tmp_path / name).read_bytes()
    verdict = verify_bundle(saved["bundle"], key=saved["key"].decode(), head=saved["head"].decode())
    assert verdict.verdict in ("ok", "incomplete"), [(check.name, check.where) for check in verdict.checks]
    assert all(check.ok for check in verdict.checks)
    for word in ("13800000", '示例"', "张示例", "陈示例"):
        assert word not in saved["bundle"].decode()


def test_a_public_id_is_no_key_to_the_proof(visit: Visit, certified: tuple[str, str]) -> None:
    visitor = visit("officer")
    text = visitor.go(certified[0]).locator(".page-h .mono").first.inner_text()
    answer = visitor.page.request.get(f"{visitor.house.address}/proof/{text}")
    assert answer.status == 404
