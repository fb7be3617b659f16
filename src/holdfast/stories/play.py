"""Playing a story, and asking the three proofs about the book that it leaves: books, duties, journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.database.connection import transaction
from holdfast.duties import take_by_id
from holdfast.duties.audit import Audit, examine
from holdfast.journal import export, give_head, newest_head, seal, signing_key
from holdfast.journal.recheck import as_of_one_moment, recheck
from holdfast.journal.verify import OK, Verdict
from holdfast.kernel.clock import ShiftedClock
from holdfast.kernel.places import keys_folder
from holdfast.loans import loan_id_of
from holdfast.servicing.verify import Check, verify_books
from holdfast.stories.stage import Stage
from holdfast.stories.tales import BEGINS, TALES
from holdfast.stories.timeline import Line, lines_of
from holdfast.wiring import EXPECTATIONS


@dataclass(frozen=True, slots=True)
class Played:
    """A story that was played: its lines as the journal tells them, where the loan ended, and what the proofs say of the book."""

    name: str
    loan: str
    state: str
    expected: str
    lines: Sequence[Line]
    books: Sequence[Check]
    duties: Audit
    journal: Verdict

    @property
    def green(self) -> bool:
        """Whether the loan ended where the story says, and all three proofs hold."""
        return self.state == self.expected and all(check.ok for check in self.books) and self.duties.clean and self.journal.verdict == OK

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "loan": self.loan,
            "state": self.state,
            "green": self.green,
            "lines": [line.as_json() for line in self.lines],
            "books": [check.as_json() for check in self.books],
            "duties": self.duties.as_json(),
            "journal": self.journal.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """A bundle, and the key and the head by which an outsider checks it."""

    bundle: bytes
    key: str
    head: str


def play(name: str) -> Played:
    """Play one story in the empty book that this process is in, and look at what it leaves."""
    tale = TALES[name]
    stage = Stage.empty(BEGINS)
    loan = tale.play(stage)
    stage.deliver()
    with transaction() as db:
        seal(db, keys_folder(), stage.now)
    with transaction() as db:
        as_of_one_moment(db)
        loan_id = loan_id_of(db, loan)
        lines = lines_of(db, loan_id)
        books = verify_books(db)
        audit = examine(db, stage.today, EXPECTATIONS)
        own = signing_key(keys_folder(), heads_exist=True).verifier if newest_head(db) else None
        journal = recheck(db, own)
        state = str(take_by_id(db, loan_id, lock=False).loan.state)
    return Played(name, loan, state, tale.ends, lines, books, audit, journal)


def proof_of(loan: str) -> Proof:
    """What an outsider needs to check the story's loan without the book: the bundle, the key, and a head kept outside."""
    with transaction() as db:
        # Signatures keep the machine's time, whatever day the story lives on.
        now = ShiftedClock().now()
        head = give_head(db, keys_folder(), now, holder="story")
        bundle = export(db, keys_folder(), loan_id_of(db, loan), now, head=head)
        return Proof(bundle, signing_key(keys_folder(), heads_exist=True).verifier.text(), head)
