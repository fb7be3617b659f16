"""The offline verifier: whether a bundle proves what it shows, judged by a stranger.

Needs Python, `cryptography` and the pure modules of this package; no database, no network, no
lender. The key and the head come from outside the file, because whoever wrote the file could have
written those too. What could not be checked is listed, and then the verdict is never `ok`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from holdfast.journal.bundle import BadBundle, Bundle, Line, Placed, bundle_of
from holdfast.journal.checkpoint import Checkpoint, checkpoint_of
from holdfast.journal.note import BadNote, VerifierKey, split, verifier_key
from holdfast.journal.records import BATCH_KIND, BODY_VERSION, leaf_hash
from holdfast.journal.tree import verify_consistency, verify_inclusion
from holdfast.kernel import canonical
from holdfast.kernel.errors import BadInput

OK: Final = "ok"
BROKEN: Final = "broken"
INCOMPLETE: Final = "incomplete"

# In the order in which they are made; the first needs nothing, the last needs the key and the head from outside.
CHECKS: Final = ("byte form", "chain", "records", "batches", "checkpoint", "earlier heads", "statement", "outside head")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `where` names the fault, or says what was found to hold."""

    name: str
    ok: bool
    where: str


@dataclass(slots=True)
class Verdict:
    """The outcome: `broken` if a check failed, `incomplete` if something could not be checked, else `ok`.

    `inside` marks a check that the lender makes of its own book: there the missing outside view is
    listed, but is no reason to withhold an `ok`.
    """

    checks: list[Check] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    inside: bool = False

    @property
    def verdict(self) -> str:
        if not all(check.ok for check in self.checks):
            return BROKEN
        return INCOMPLETE if self.not_checked and not self.inside else OK

    def as_json(self) -> dict[str, Any]:
        checks = [{"name": check.name, "ok": check.ok, "where": check.where} for check in self.checks]
        return {"verdict": self.verdict, "checks": checks, "not_checked": self.not_checked}


class _Fails(Exception):
    """One check failed; the message says where."""


def verify_bundle(data: bytes, *, key: str | None, head: str | None) -> Verdict:
    """Check a bundle file against a verifier key and a signed head that were kept outside of it.

    Never raises for what `data`, `key` or `head` hold: malformed input is a verdict too.
    """
    verdict = Verdict()
    if key is None:
        verdict.not_checked.append("outside key: without it nobody knows who signed; get it from somebody else than the sender of the file")
    if head is None:
        verdict.not_checked.append("outside head: without one the signer could have rewritten the journal before making this file")
    bundle = _read(data, verdict)
    if bundle is None:
        verdict.not_checked += [f"{name}: the file could not be read" for name in CHECKS[1:]]
        return verdict
    _Examination(bundle, verdict, key, head).run()
    return verdict


def _read(data: bytes, verdict: Verdict) -> Bundle | None:
    """The bundle, also when it is not in its legal form but can be understood: then the other checks may say what was altered."""
    try:
        bundle = bundle_of(json.loads(data.decode()))
        rebuilt = bundle.data()
    except UnicodeDecodeError as error:
        verdict.checks.append(Check(CHECKS[0], False, f"byte {error.start}: not UTF-8"))
    except json.JSONDecodeError as error:
        verdict.checks.append(Check(CHECKS[0], False, f"character {error.pos}: not JSON: {error.msg}"))
    except BadBundle as error:
        verdict.checks.append(Check(CHECKS[0], False, error.sentence))
    except (ValueError, RecursionError):
        verdict.checks.append(Check(CHECKS[0], False, "a number or a nesting beyond what a bundle may hold"))
    else:
        same = rebuilt == data
        said = "one legal form" if same else f"byte {_first_difference(rebuilt, data)}: not as the one legal form has it"
        verdict.checks.append(Check(CHECKS[0], same, said))
        return bundle
    return None


def _first_difference(one: bytes, other: bytes) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


class _Examination:
    """All checks of one bundle that could be read; each says what holds, or fails with where, or is None if it could not be made."""

    def __init__(self, bundle: Bundle, verdict: Verdict, key: str | None, head: str | None) -> None:
        self.bundle = bundle
        self.verdict = verdict
        self.key_text = key
        self.head_text = head
        self.key: VerifierKey | None = None

    def run(self) -> None:
        made: tuple[Callable[[], str | None], ...] = (
            self.chain, self.records, self.batches, self.checkpoint, self.earlier_heads, self.statement, self.outside_head,
        )  # fmt: skip
        self._open_key()
        for name, check in zip(CHECKS[1:], made, strict=True):
            try:
                said, ok = check(), True
            except _Fails as failure:
                said, ok = str(failure), False
            if said is not None:
                self.verdict.checks.append(Check(name, ok, said))

    def _open_key(self) -> None:
        if self.key_text is None:
            return
        try:
            self.key = verifier_key(self.key_text)
        except BadNote as error:
            self.verdict.checks.append(Check("outside key", False, error.sentence))

    def chain(self) -> str:
        """Records 1 to the last, none missing, each naming the one before, all of one chain."""
        if not self.bundle.records:
            raise _Fails("there is no record")
        previous = bytes(32)
        for number, record in enumerate(self.bundle.records, 1):
            body = _body(record.body, f"record {number}")
            if body.get("v") != BODY_VERSION or type(body.get("seq")) is not int:
                raise _Fails(f"record {number}: not a record of a version that this verifier reads")
            if body["seq"] != number:
                raise _Fails(f"record {number}: it says that it is record {body['seq']}; one was dropped, moved, inserted or repeated here")
            if body.get("chain") != self.bundle.chain:
                raise _Fails(f"record {number}: it belongs to {body.get('chain')!r}, not to {self.bundle.chain!r}")
            if body.get("prev") != previous.hex():
                raise _Fails(f"record {number}: it does not follow the bytes of record {number - 1}; one of the two was altered")
            previous = leaf_hash(record.body.encode())
        return f"{counted(len(self.bundle.records), 'record')} of {self.bundle.chain} from the first on, without a gap"

    def records(self) -> str:
        """Each record's path leads to the checkpoint's root, or to the root that its batch states."""
        head = self._checkpoint()
        for number, record in enumerate(self.bundle.records, 1):
            where = f"record {number}"
            if isinstance(record, Placed):
                self._in_tree(record, head, where)
            else:
                self._in_batch(record, where)
        return f"paths of {counted(len(self.bundle.records), 'record')} lead to the root of {head.size}"

    def batches(self) -> str:
        """Each batch's own record leads to the checkpoint's root."""
        head = self._checkpoint()
        for number, batch in enumerate(self.bundle.batches, 1):
            self._in_tree(batch, head, f"batch {number}")
        return f"paths of {counted(len(self.bundle.batches), 'batch', 'batches')} lead to the root of {head.size}"

    def checkpoint(self) -> str:
        """The head is a checkpoint with one signature, made by the outside key."""
        head = self._checkpoint()
        self._signed(self.bundle.checkpoint, "the checkpoint")
        if self.key and self.key.name != head.origin:
            raise _Fails(f"the checkpoint is of {head.origin}, the key is of {self.key.name}")
        return f"{counted(head.size, 'record')} of {head.origin}" + ("" if self.key else "; signature not checked")

    def earlier_heads(self) -> str:
        """Each earlier head is signed by the key, and the bundle's head follows from it."""
        now = self._checkpoint()
        last = -1
        for number, earlier in enumerate(self.bundle.earlier, 1):
            where = f"earlier head {number}"
            then = _checkpoint_of(earlier.checkpoint, where)
            self._signed(earlier.checkpoint, where)
            if then.origin != now.origin or not last < then.size < now.size:
                raise _Fails(f"{where}: not an earlier head of the same journal, in the order of size")
            if not verify_consistency(older=then.size, older_root=then.root, newer=now.size, newer_root=now.root, path=earlier.path):
                raise _Fails(f"{where}: the head of {now.size} does not follow from the head of {then.size}")
            last = then.size
        return f"this head follows from {counted(len(self.bundle.earlier), 'earlier one')}"

    def statement(self) -> str:
        """The signer states how many records the chain has under this head, and the digest of everything else."""
        head = self._checkpoint()
        text = _text_of(self.bundle.statement, "the statement")
        stated, meant = text.split("\n"), self.bundle.stated(head.origin, head.size).split("\n")
        if len(stated) != len(meant):
            raise _Fails("the statement: not of the form")
        if stated[2] != meant[2]:
            raise _Fails(f"the statement is about {stated[2]} records, the file holds {meant[2]}: the last were dropped or others added")
        if stated != meant:
            raise _Fails("the statement was made for other contents than these")
        self._signed(self.bundle.statement, "the statement")
        told = f"the signer states that there is no more than {counted(len(self.bundle.records), 'record')}"
        return told if self.key else f"{told}; signature not checked"

    def outside_head(self) -> str | None:
        """The head from outside and the head in the file belong to one history."""
        if self.head_text is None:
            return None
        now = self._checkpoint()
        then = _checkpoint_of(self.head_text, "the outside head", one_signature=False)
        self._opened(self.head_text, "the outside head")
        if then.origin != now.origin:
            raise _Fails(f"the outside head is of {then.origin}, the file is of {now.origin}")
        if then.size == now.size:
            if then.root != now.root:
                raise _Fails(f"two different journals of {now.size} records: what was kept outside is not what this file shows")
            return f"the same {counted(now.size, 'record')}"
        if then.size > now.size:
            self.verdict.not_checked.append(
                f"outside head: it holds {then.size} records and the file only {now.size}; ask for a newer file, made after that head"
            )
            return None
        return self._follows(then, now)

    def _follows(self, then: Checkpoint, now: Checkpoint) -> str | None:
        shown = {_checkpoint_of(earlier.checkpoint, "an earlier head"): earlier for earlier in self.bundle.earlier}
        same_size = [head for head in shown if head.size == then.size]
        if not same_size:
            self.verdict.not_checked.append(
                f"outside head: the file does not show how its head of {now.size} follows from yours of {then.size}; "
                "ask for one that does (journal export with --head)"
            )
            return None
        if then not in same_size:
            raise _Fails(f"two different journals of {then.size} records: what was kept outside is not what this file builds on")
        if newer := [number for number, place in self._places() if place >= then.size]:
            which = f"record {newer[0]}" if len(newer) == 1 else f"{len(newer)} records from record {newer[0]} on"
            self.verdict.not_checked.append(f"outside head: {which} came after it; only a newer outside head can vouch for that")
        return f"the head of {now.size} follows from the outside head of {then.size}"

    def _places(self) -> Iterator[tuple[int, int]]:
        """Each record's number and the position in the tree of what seals it."""
        for number, record in enumerate(self.bundle.records, 1):
            yield number, record.position if isinstance(record, Placed) else self.bundle.batches[record.batch].position

    def _in_tree(self, record: Placed, head: Checkpoint, where: str) -> None:
        leaf = leaf_hash(record.body.encode())
        if not verify_inclusion(leaf, position=record.position, size=head.size, path=record.path, root=head.root):
            raise _Fails(f"{where}: its bytes do not lead to the signed root from position {record.position}")

    def _in_batch(self, record: Line, where: str) -> None:
        batch = _body(self.bundle.batches[record.batch].body, f"batch {record.batch + 1}")
        says = batch.get("says")
        if batch.get("kind") != BATCH_KIND or not isinstance(says, dict):
            raise _Fails(f"{where}: its batch {record.batch + 1} is not the record of a batch")
        lines, root = says.get("lines"), says.get("root")
        if type(lines) is not int or not isinstance(root, str):
            raise _Fails(f"{where}: its batch {record.batch + 1} states no lines and root")
        leaf = leaf_hash(record.body.encode())
        try:
            holds = verify_inclusion(leaf, position=record.line, size=lines, path=record.path, root=bytes.fromhex(root))
        except ValueError:
            holds = False
        if not holds:
            raise _Fails(f"{where}: its bytes do not lead to the root of batch {record.batch + 1} from line {record.line}")

    def _checkpoint(self) -> Checkpoint:
        return _checkpoint_of(self.bundle.checkpoint, "the checkpoint")

    def _signed(self, note: str, where: str) -> None:
        _text_of(note, where)
        self._opened(note, where)

    def _opened(self, note: str, where: str) -> None:
        if self.key:
            try:
                self.key.opens(note)
            except BadNote as error:
                raise _Fails(f"{where}: {error.sentence}") from None


def counted(number: int, noun: str, nouns: str = "") -> str:
    """`1 record`, `2 records`."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def _text_of(note: str, where: str) -> str:
    """The signed text of a note that bears exactly one signature: a second one would be bytes that nobody checks."""
    try:
        text, signatures = split(note)
    except BadNote as error:
        raise _Fails(f"{where}: {error.sentence}") from None
    if len(signatures) != 1:
        raise _Fails(f"{where}: {len(signatures)} signatures where one belongs")
    return text


def _checkpoint_of(note: str, where: str, *, one_signature: bool = True) -> Checkpoint:
    if one_signature:
        _text_of(note, where)
    try:
        return checkpoint_of(note)
    except BadNote as error:
        raise _Fails(f"{where}: {error.sentence}") from None


def _body(text: str, where: str) -> dict[str, Any]:
    try:
        body = canonical.decode(text.encode())
    except (BadInput, UnicodeEncodeError):
        raise _Fails(f"{where}: its bytes are not those of a record") from None
    if not isinstance(body, dict):
        raise _Fails(f"{where}: its bytes are not those of a record")
    return body
