"""A stranger's check of a bundle: nothing in it can be changed, left out, moved or added without being told where.

The bundle under test is of a loan with five records: four are leaves of the tree, one is a line of a
batch; the journal's head left the house once before. Key and head are kept outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.journal import EMPTY_HEAD, SigningKey, draw
from holdfast.journal.bundle import Bundle, Earlier, Line, Placed
from holdfast.journal.verify import BROKEN, CHECKS, INCOMPLETE, OK, Verdict, verify_bundle
from holdfast.kernel import canonical
from tests.journal.journals import AT, CLERK, ON, PaperJournal, batch_record, drawn

LOAN = "ln_example"
OWN = "what the outsider of this case kept"
KEY = SigningKey.new("holdfast/example")


@dataclass(frozen=True)
class Case:
    """A bundle, the journal it is from, and what an outsider kept."""

    journal: PaperJournal
    bundle: Bundle
    key: str
    head: str

    def verdict(self, data: bytes | None = None, *, key: str | None = OWN, head: str | None = OWN) -> Verdict:
        """The verdict over `data`, with the outsider's own key and head unless told otherwise."""
        return verify_bundle(
            self.bundle.data() if data is None else data, key=self.key if key == OWN else key, head=self.head if head == OWN else head
        )


def make(word: str = "100.00", journal: PaperJournal | None = None) -> Case:
    journal = journal or PaperJournal(KEY)
    ours = drawn(LOAN, 5, word=word)
    others = drawn("ln_other", 6, loan_id=2)
    lines = [*drawn("ln_third", 2, loan_id=3), ours[3], *drawn("ln_fourth", 2, loan_id=4)]
    batch = batch_record(lines)
    journal.seal([ours[0], others[0], ours[1]])
    head = journal.seal([others[1], ours[2], batch, others[2], ours[4], *others[3:]])
    return Case(journal, journal.bundle(LOAN, ours, batch=batch, lines=lines), KEY.verifier.text(), head)


CASE = make()


def changed(change: Callable[[Any], None], bundle: Bundle | None = None) -> bytes:
    """The bundle as an alterer with the right tools would write it: its value changed, its form legal."""
    value = json.loads((bundle or CASE.bundle).data())
    change(value)
    return canonical.encode(value)


def failed(verdict: Verdict) -> dict[str, str]:
    return {check.name: check.where for check in verdict.checks if not check.ok}


def test_an_untouched_bundle_is_ok_and_nothing_is_left_unchecked() -> None:
    verdict = CASE.verdict()
    assert verdict.as_json()["verdict"] == OK
    assert [check.name for check in verdict.checks] == list(CHECKS)
    assert verdict.not_checked == []


def test_every_byte_of_a_bundle_matters() -> None:
    data = CASE.bundle.data()
    missed = []
    for place in range(len(data)):
        for bit in (0x01, 0x20):
            altered = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            if CASE.verdict(altered).verdict != BROKEN:
                missed.append((place, bit))
    assert missed == []


def test_every_byte_of_a_bundle_matters_even_to_one_who_has_neither_key_nor_head() -> None:
    """Only a signature cannot be judged without its key; that the verdict is not `ok` then, is another test's claim."""
    data = CASE.bundle.data()
    signatures = [index for index in range(len(data)) if data.startswith("\u2014 ".encode(), index)]
    missed = []
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        inside = any(start <= place < start + 130 for start in signatures)
        if CASE.verdict(altered, key=None, head=None).verdict != BROKEN and not inside:
            missed.append(place)
    assert missed == []


def test_a_cut_or_longer_file_is_broken() -> None:
    data = CASE.bundle.data()
    for size in range(0, len(data), 7):
        assert CASE.verdict(data[:size]).verdict == BROKEN
    for extra in (b"\n", b" ", b"\x00", b"{}", data):
        assert CASE.verdict(data + extra).verdict == BROKEN


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_dropped_record_is_named(number: int) -> None:
    def drop(value: Any) -> None:
        del value["records"][number - 1]
        if number == 4:
            value["batches"] = []

    faults = failed(CASE.verdict(changed(drop)))
    if number == 5:
        assert "about 5 records, the file holds 4" in faults["statement"]
    else:
        assert f"record {number}: it says that it is record {number + 1}" in faults["chain"]


def test_moved_swapped_repeated_and_inserted_records_are_named() -> None:
    def swap(value: Any) -> None:
        value["records"][1], value["records"][2] = value["records"][2], value["records"][1]

    def move(value: Any) -> None:
        value["records"].insert(0, value["records"].pop())

    def repeat(value: Any) -> None:
        value["records"].insert(2, value["records"][1])

    def insert(value: Any) -> None:
        forged = drawn(LOAN, 3, word="999.00")[2]
        value["records"].insert(2, {**value["records"][2], "body": forged.body.decode()})

    assert failed(CASE.verdict(changed(swap)))["chain"].startswith("record 2: it says that it is record 3")
    assert failed(CASE.verdict(changed(move)))["chain"].startswith("record 1: it says that it is record 5")
    assert failed(CASE.verdict(changed(repeat)))["chain"].startswith("record 3: it says that it is record 2")
    faults = failed(CASE.verdict(changed(insert)))
    assert faults["chain"].startswith("record 3: it does not follow")
    assert faults["records"].startswith("record 3: its bytes do not lead to the signed root")


def test_a_record_of_another_loan_is_named() -> None:
    stranger = drawn("ln_other", 1, loan_id=2)[0]

    def put(value: Any) -> None:
        value["records"][0] = CASE.journal.placed(stranger, 11).as_json()

    assert failed(CASE.verdict(changed(put)))["chain"].startswith("record 1: it belongs to 'ln_other'")


def test_an_altered_line_of_a_batch_is_named() -> None:
    def alter(value: Any) -> None:
        value["records"][3]["body"] = value["records"][3]["body"].replace("100.00", "900.00")

    assert failed(CASE.verdict(changed(alter)))["records"] == "record 4: its bytes do not lead to the root of batch 1 from line 2"


def test_a_batch_with_a_root_of_ones_own_does_not_lead_to_the_tree() -> None:
    def alter(value: Any) -> None:
        body = json.loads(value["batches"][0]["body"])
        body["says"]["lines"] = 6
        value["batches"][0]["body"] = canonical.encode(body).decode()

    assert failed(CASE.verdict(changed(alter)))["batches"].startswith("batch 1: its bytes do not lead to the signed root")


def test_spaces_line_ends_and_other_spellings_are_not_the_one_form() -> None:
    value = json.loads(CASE.bundle.data())
    for data in (
        json.dumps(value).encode(),
        json.dumps(value, indent=1).encode(),
        json.dumps(value, sort_keys=True, separators=(",", ":")).encode(),
    ):
        verdict = CASE.verdict(data)
        assert list(failed(verdict)) == ["byte form"]
        assert verdict.verdict == BROKEN


def test_fields_that_no_check_would_read_are_refused() -> None:
    def add(value: Any) -> None:
        value["records"][0]["comment"] = "harmless"

    assert failed(CASE.verdict(changed(add)))["byte form"] == "record 1: comment is missing or does not belong there"


def test_a_statement_that_was_signed_for_another_file_is_refused() -> None:
    """The signature holds and the number of records is right, but the earlier head is gone from this file."""
    unlinked = replace(CASE.bundle, earlier=())
    assert failed(CASE.verdict(unlinked.data())) == {"statement": "the statement was made for other contents than these"}


def test_earlier_heads_stand_once_and_in_order() -> None:
    for earlier in (CASE.bundle.earlier * 2, (*CASE.bundle.earlier, Earlier(CASE.bundle.checkpoint, ()))):
        data = CASE.journal.stated(replace(CASE.bundle, earlier=earlier)).data()
        assert failed(CASE.verdict(data)) == {
            "earlier heads": "earlier head 2: not an earlier head of the same journal, in the order of size"
        }


def test_a_batch_that_no_record_uses_has_no_place_in_the_file() -> None:
    spare = replace(CASE.bundle, batches=CASE.bundle.batches * 2)
    faults = failed(CASE.verdict(CASE.journal.stated(spare).data()))
    assert faults == {"byte form": "batches: each stands once, in the order of its first use"}


def test_a_record_that_merely_looks_like_a_batch_seals_no_lines() -> None:
    """An officer's free words may hold a number of lines and a root; only the journal's own kind of record vouches for lines."""
    journal, ours = PaperJournal(KEY), drawn(LOAN, 2)
    says = json.loads(batch_record(ours).body)["says"]
    lookalike, _ = draw(EMPTY_HEAD, loan_id=5, chain="ln_fifth", kind="contact.noted", on=ON, at=AT, by=CLERK, says=says)
    head = journal.seal([lookalike])
    data = journal.bundle(LOAN, ours, batch=lookalike, lines=ours).data()
    faults = failed(verify_bundle(data, key=KEY.verifier.text(), head=head))
    assert faults == {"records": "record 1: its batch 1 is not the record of a batch"}


def test_a_key_signs_for_its_own_journal_only() -> None:
    journal = PaperJournal(replace(KEY, name="holdfast/other"))
    ours = drawn(LOAN, 2)
    journal.seal(ours)
    journal.key = KEY
    text = journal.heads[-1].split("\n\n")[0] + "\n"
    journal.heads = [KEY.sign(text)]
    faults = failed(verify_bundle(journal.bundle(LOAN, ours).data(), key=KEY.verifier.text(), head=journal.heads[0]))
    assert faults == {"checkpoint": "the checkpoint is of holdfast/other, the key is of holdfast/example"}


def test_a_second_signature_under_a_note_of_the_file_is_refused() -> None:
    """No digest covers the statement's own last lines, so a signature that nobody can check has no place there."""
    witness = SigningKey.new("witness")

    def sign_again(value: Any) -> None:
        text = value["statement"].split("\n\n")[0] + "\n"
        value["statement"] += witness.sign(text).split("\n\n")[1]

    assert failed(CASE.verdict(changed(sign_again))) == {"statement": "the statement: 2 signatures where one belongs"}


def test_without_a_head_or_a_key_from_outside_the_verdict_is_incomplete() -> None:
    for key, head, missing in ((OWN, None, ["outside head"]), (None, OWN, ["outside key"]), (None, None, ["outside key", "outside head"])):
        verdict = CASE.verdict(key=key, head=head)
        assert verdict.verdict == INCOMPLETE
        assert [line.partition(":")[0] for line in verdict.not_checked] == missing
        assert failed(verdict) == {}


def test_an_older_outside_head_vouches_for_the_records_below_it_and_says_which_are_not() -> None:
    verdict = CASE.verdict(head=CASE.journal.heads[0])
    assert verdict.verdict == INCOMPLETE
    assert verdict.not_checked == ["outside head: 3 records from record 3 on came after it; only a newer outside head can vouch for that"]
    assert verdict.checks[-1].where == "the head of 11 follows from the outside head of 3"


def test_an_older_outside_head_is_enough_for_a_loan_that_did_not_move_since() -> None:
    journal = PaperJournal(KEY)
    ours = drawn(LOAN, 2)
    head = journal.seal(ours)
    journal.seal(drawn("ln_other", 3, loan_id=2))
    assert verify_bundle(journal.bundle(LOAN, ours).data(), key=KEY.verifier.text(), head=head).verdict == OK


def test_an_outside_head_that_the_file_does_not_build_on_or_that_is_newer_leaves_the_verdict_incomplete() -> None:
    journal = make(journal=PaperJournal(KEY))
    unlinked = replace(journal.bundle, earlier=())
    data = journal.journal.stated(unlinked).data()
    verdict = journal.verdict(data, head=journal.journal.heads[0])
    assert (verdict.verdict, failed(verdict)) == (INCOMPLETE, {})
    assert "ask for one that does" in verdict.not_checked[0]
    newer = journal.journal.seal(drawn("ln_fifth", 1, loan_id=5))
    verdict = journal.verdict(head=newer)
    assert (verdict.verdict, failed(verdict)) == (INCOMPLETE, {})
    assert "ask for a newer file" in verdict.not_checked[0]


def test_an_operator_who_rewrites_and_signs_again_is_believed_only_by_those_who_kept_nothing() -> None:
    forged = make(word="1.00", journal=PaperJournal(KEY))
    data = forged.bundle.data()
    assert forged.verdict(data).verdict == OK  # the operator's own head: why a head from the operator proves nothing
    same_size = forged.verdict(data, head=CASE.head)
    assert same_size.verdict == BROKEN
    assert failed(same_size)["outside head"].startswith("two different journals of 11 records")
    older = forged.verdict(data, head=CASE.journal.heads[0])
    assert older.verdict == BROKEN
    assert failed(older)["outside head"].startswith("two different journals of 3 records")


def test_an_operator_who_mixes_the_kept_head_into_a_forged_bundle_is_caught() -> None:
    forged = make(word="1.00", journal=PaperJournal(KEY))
    mixed = replace(forged.bundle, earlier=CASE.bundle.earlier)
    verdict = forged.verdict(forged.journal.stated(mixed).data(), head=CASE.journal.heads[0])
    assert failed(verdict)["earlier heads"] == "earlier head 1: the head of 11 does not follow from the head of 3"


def test_an_operator_who_rolls_back_is_not_believed() -> None:
    journal = PaperJournal(KEY)
    ours = drawn(LOAN, 3)
    journal.seal(ours[:2])
    bundle = journal.bundle(LOAN, ours[:2])
    later = journal.seal(ours[2:])
    assert verify_bundle(bundle.data(), key=KEY.verifier.text(), head=later).verdict == INCOMPLETE


def test_another_key_or_journal_is_refused() -> None:
    stranger = SigningKey.new("holdfast/stranger")
    faults = failed(CASE.verdict(key=stranger.verifier.text()))
    assert set(faults) == {"checkpoint", "earlier heads", "statement", "outside head"}
    impostor = SigningKey.new("holdfast/example")
    faults = failed(CASE.verdict(key=impostor.verifier.text()))
    assert set(faults) == {"checkpoint", "earlier heads", "statement", "outside head"}
    theirs = PaperJournal(stranger)
    assert "holdfast/stranger" in failed(CASE.verdict(key=None, head=theirs.seal(drawn(LOAN, 12))))["outside head"]


def test_no_character_of_the_outside_head_or_key_can_be_changed() -> None:
    for place in range(len(CASE.head)):
        altered = CASE.head[:place] + chr(ord(CASE.head[place]) ^ 1) + CASE.head[place + 1 :]
        assert CASE.verdict(head=altered).verdict == BROKEN, place
    for place in range(len(CASE.key)):
        altered = CASE.key[:place] + chr(ord(CASE.key[place]) ^ 1) + CASE.key[place + 1 :]
        assert CASE.verdict(key=altered).verdict == BROKEN, place


@pytest.mark.parametrize("junk", ["", "junk", "\n\n", "holdfast/example\n12\n", "\u2014 x\n", "a\nb\nc\n\n\u2014 x y\n", "\ud800"])
def test_a_key_or_head_that_is_none_is_a_verdict(junk: str) -> None:
    assert CASE.verdict(key=junk).verdict == BROKEN
    assert CASE.verdict(head=junk).verdict == BROKEN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["body", "path", "position", "batch", "line", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["format", "chain", "checkpoint", "records", "batches", "earlier", "statement"]), JSON),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=300, deadline=None)
def test_a_field_replaced_by_anything_is_a_verdict_never_a_traceback(changes: list[tuple[str, Any]]) -> None:
    value = json.loads(CASE.bundle.data())
    same = all(value[name] == other for name, other in changes)
    value.update(changes)
    assert (CASE.verdict(json.dumps(value).encode()).verdict == BROKEN) or same


@given(
    st.sampled_from(["records", "batches", "earlier"]),
    st.integers(0, 4),
    st.sampled_from(["body", "path", "position", "batch", "line", "checkpoint"]),
    JSON,
)
@settings(max_examples=500, deadline=None)
def test_a_part_replaced_by_anything_is_a_verdict_never_a_traceback(part: str, index: int, name: str, other: Any) -> None:
    value = json.loads(CASE.bundle.data())
    item = value[part][index % len(value[part])]
    same = item.get(name, "nothing") == other and type(item.get(name)) is type(other)
    item[name] = other
    data = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="surrogatepass")
    assert (CASE.verdict(data).verdict == BROKEN) or same


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_a_verdict(data: bytes) -> None:
    assert CASE.verdict(data).verdict == BROKEN


@pytest.mark.parametrize(
    "data", [b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000, b'{"format":1e999}', b"null", b"[]", b'"x"', b"\xef\xbb\xbf{}"]
)
def test_bytes_made_to_break_a_reader_are_a_verdict(data: bytes) -> None:
    assert CASE.verdict(data).verdict == BROKEN


def test_a_record_whose_body_is_a_bomb_is_a_verdict() -> None:
    for body in ("[" * 100_000, "9" * 10_000, "1e999", "null", "{}", '{"v":1,"seq":true}', "\x00"):
        for part in ("records", "batches"):

            def put(value: Any, part: str = part, body: str = body) -> None:
                value[part][0]["body"] = body

            data = changed(put)
            assert CASE.verdict(data).verdict == BROKEN


def test_every_kind_of_step_is_in_the_bundle_under_test() -> None:
    kinds = [type(record) for record in CASE.bundle.records]
    assert kinds == [Placed, Placed, Placed, Line, Placed]
    assert len(CASE.bundle.batches) == len(CASE.bundle.earlier) == 1
