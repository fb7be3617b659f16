"""What needs no browser: every word has its translation, every colour its contrast, every page its budget."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import holdfast.web.console
from holdfast.web.console import sentences, words

CONSOLE = Path(holdfast.web.console.__file__).parent
WEB = CONSOLE.parent
# The console's own, and one of each stage.
CATALOGUES = sorted(WEB.rglob("django.po"))
STATIC = CONSOLE / "static" / "console"


# -- words -----------------------------------------------------------------------------------------


def _entries(text: str) -> dict[str, str]:
    """Message and translation of each entry of a catalogue."""
    found = {}
    for block in re.split(r"\n\s*\n", text):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if match := re.match(r'(msgid|msgid_plural|msgstr(?:\[0\])?) (".*")$', line):
                name = match[1]
                parts[name] = match[2][1:-1]
            elif line.startswith('"'):
                parts[name] += line[1:-1]
        if parts.get("msgid"):
            found[parts["msgid"]] = parts.get("msgstr", parts.get("msgstr[0]", ""))
    return found


def test_every_word_of_the_screens_has_one_chinese() -> None:
    told: dict[str, str] = {}
    for catalogue in CATALOGUES:
        for message, translation in _entries(catalogue.read_text("utf-8")).items():
            assert translation, f"{catalogue}: {message} is not translated"
            assert told.setdefault(message, translation) == translation, f"{catalogue}: {message} is told in two ways"


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext: apt-get install gettext")
def test_the_catalogues_hold_exactly_the_words_that_the_screens_use(tmp_path: Path) -> None:
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, ignore=shutil.ignore_patterns("__pycache__", "locale"))
    (copy / "locale").mkdir()
    command = ["-m", "django", "makemessages", "--locale", "zh_Hans", "--no-location", "--no-obsolete", "--verbosity", "0"]
    subprocess.run([sys.executable, *command], cwd=copy, check=True, env={"PATH": "/usr/bin:/bin"}, capture_output=True)
    used = set(_entries((copy / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po").read_text("utf-8")))
    held = {message for catalogue in CATALOGUES for message in _entries(catalogue.read_text("utf-8"))}
    assert sorted(used - held) == [], "used and not translated"
    assert sorted(held - used) == [], "translated and not used"


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="needs GNU gettext: apt-get install gettext")
@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: str(path.relative_to(WEB)))
def test_a_compiled_catalogue_is_the_one_that_stands_beside_it(catalogue: Path, tmp_path: Path) -> None:
    compiled = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", compiled, catalogue], check=True)
    assert compiled.read_bytes() == catalogue.with_suffix(".mo").read_bytes()


def test_every_code_that_the_book_writes_has_a_word() -> None:
    from holdfast.ledger import CHART
    from holdfast.life import DUTIES, RECORDS, LoanState
    from holdfast.parties import Reach, Role
    from holdfast.products.terms import Method
    from holdfast.servicing.arrears import CLASSES
    from holdfast.servicing.rules import RECORD_KINDS

    assert set(words.LOAN_STATES) == set(LoanState)
    assert set(words.CLASSES) == set(CLASSES)
    assert set(words.ACCOUNTS) == {account.value for account in CHART}
    assert set(words.ROLES) == {*Role, "borrower"}, "a borrower's own acts are told too"
    assert set(words.REACHES) == set(Reach)
    assert set(words.METHODS) == set(Method)
    assert set(RECORD_KINDS) <= set(words.EVENTS)
    assert set(words.DUTY_ACTS) == set(DUTIES)
    proofs = {kind for duty in DUTIES.values() for kind in duty.proofs}
    assert set(RECORD_KINDS.values()) | proofs <= set(RECORDS)


DIFFERENT = (
    "36 instalments at 6 % a year come to 851.82; the tape's is 20.89 less and is kept as the contract,"
    " as at a rate of about 4.35 %; the last instalment takes the rest"
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("term is empty", "“term”是空的"),
        ("received_on: 2026-12-01 has not come yet; today is 2026-11-22", "到账日 2026-12-01 还没到，今天是 2026-11-22。"),
        (DIFFERENT, "36 期、年利率 6% 应为 851.82；文件少 20.89，照文件当作合同，约相当于年利率 4.35%；末期补差"),
        ("a sentence that nobody has written yet", "a sentence that nobody has written yet"),
    ],
)
def test_a_sentence_of_a_verb_is_told_in_chinese_with_its_facts(said: str, told: str) -> None:
    from django.utils.translation import override

    with override("zh-hans"):
        assert sentences.told(said) == told
    with override("en"):
        assert sentences.told(said) == said


# -- colours ---------------------------------------------------------------------------------------

GROUNDS = ("paper", "surface", "sunken")
# Text needs 4.5 to 1 on every ground it stands on, edges and marks 3 to 1.
TEXT = [(ink, ground) for ink in ("ink", "ink-2", "ink-3", "accent", "done", "warn", "late", "hold", "info") for ground in GROUNDS] + [
    ("on-accent", "accent"), ("done", "done-soft"), ("warn", "warn-soft"), ("late", "late-soft"), ("hold", "hold-soft"),
    ("info", "info-soft"),
    ("ink", "accent-soft"), ("ink-2", "accent-soft"), ("accent", "accent-soft"), ("rail-ink", "rail"), ("rail-on-ink", "rail-on"),
]  # fmt: skip
EDGES = [("line-strong", "surface"), ("line-strong", "paper"), ("focus", "surface"), ("focus", "paper"), ("rail-mark", "rail-on")]


def _tokens(dark: bool) -> dict[str, str]:
    text = (STATIC / "tokens.css").read_text("utf-8")
    light, _, rest = text.partition("@media")
    pattern = r"--([\w-]+):\s*(#[0-9a-f]{6})"
    found = dict(re.findall(pattern, light))
    if dark:
        found |= dict(re.findall(pattern, rest.partition("/* the same set")[2]))
    return found


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_pair_of_colours_can_be_read(dark: bool) -> None:
    tokens = _tokens(dark)
    faint = [(ink, ground) for ink, ground in TEXT if _contrast(tokens[ink], tokens[ground]) < 4.5]
    faint += [(edge, ground) for edge, ground in EDGES if _contrast(tokens[edge], tokens[ground]) < 3]
    assert faint == []


def test_the_dark_colours_chosen_by_hand_are_those_the_system_chooses() -> None:
    text = (STATIC / "tokens.css").read_text("utf-8")
    by_system, _, by_hand = text.partition("@media")[2].partition("/* the same set")
    assert re.findall(r"--[\w-]+:[^;]+", by_system) == re.findall(r"--[\w-]+:[^;]+", by_hand)


# -- weight and safety -----------------------------------------------------------------------------


def test_the_styles_are_small_and_name_no_raw_colour_outside_the_tokens() -> None:
    assert sum(path.stat().st_size for path in STATIC.glob("*.css")) < 40_000
    for path in (STATIC / "components.css", STATIC / "console.css"):
        screen = path.read_text("utf-8").partition("@media print")[0]
        assert re.findall(r"(?<![&\w])#[0-9a-f]{3,8}\b", screen) == [], path.name


@pytest.mark.parametrize("template", sorted(WEB.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_script_style_handler_or_outside_address(template: Path) -> None:
    text = template.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=", text)
    assert not re.search(r"https?://", text)
    assert "|safe" not in text
    assert "autoescape off" not in text
