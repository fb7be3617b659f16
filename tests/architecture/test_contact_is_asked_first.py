"""Nothing reaches a person round the contact ledger: who sends, rings or visits asks it first, in one place each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import holdfast

SOURCE: Final = Path(holdfast.__file__).parent
# What enters a contact in the ledger, and what has to be asked before: a module that does the one does the other.
ASKED_BEFORE: Final = {"enter_call": "may_call", "enter_visit": "may_visit"}
# Records that say what came of a talk: the module that writes one accounts for how the borrower was spoken to.
TALKS: Final = frozenset({"contact.noted", "message.followed_up", "promise.followed_up", "settlement.followed_up"})
# The map names the records.
NAMES_THEM: Final = {"life.py"}
# The rule is asked by the dispatcher, the calls and the visits; whoever else wants to know asks one of these.
ASKS_THE_RULE: Final = {"contact/service.py", "contact/calls.py", "contact/visits.py"}
# The only place that hands a letter to a channel: what it hands over was claimed, and so allowed, before.
SENDS: Final = {"contact/service.py"}
WRITES_THE_LEDGER: Final = ASKS_THE_RULE | {"contact/receipts.py", "contact/store.py"}


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), path.read_text("utf-8")


def called(text: str) -> set[str]:
    """The names that a module calls, without what stands before the dot."""
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return {each.attr if isinstance(each, ast.Attribute) else each.id for each in calls if isinstance(each, ast.Attribute | ast.Name)}


def test_whoever_enters_a_call_or_a_visit_has_asked_whether_it_may_be() -> None:
    found = []
    for name, text in modules():
        names = called(text)
        found += [f"{name}: {does}" for does, asks in ASKED_BEFORE.items() if does in names and asks not in names]
    assert found == []


def test_whoever_notes_a_talk_says_how_the_borrower_was_spoken_to() -> None:
    """A call that was not dialled, and so not asked of the rules, cannot be noted."""
    writes = {
        name: called(text)
        for name, text in modules()
        if name not in NAMES_THEM and not name.startswith("web/") and any(f'"{kind}"' in text for kind in TALKS)
    }
    assert {"servicing/service.py", "followup/promises.py", "followup/settlements.py"} <= writes.keys()
    assert [name for name, names in writes.items() if names & {"enter", "do"} and "spoke" not in names] == []


def test_the_rule_is_asked_and_the_ledger_written_within_contact_alone() -> None:
    assert {name for name, text in modules() if "may_contact" in called(text)} == ASKS_THE_RULE
    assert {name for name, text in modules() if "write_ledger" in called(text)} <= WRITES_THE_LEDGER
    assert {name for name, text in modules() if "contact_ledger (" in text} == {"contact/store.py"}


def test_letters_are_handed_to_a_channel_in_one_place() -> None:
    """A letter is made for a channel only where what was claimed is handed over; the adapters take it and make none."""
    assert {name for name, text in modules() if "Letter" in called(text)} == SENDS


def test_the_outbox_is_filled_by_promises_only() -> None:
    assert {name for name, text in modules() if "INTO outbox" in text or "COPY outbox" in text} == {"contact/store.py"}
