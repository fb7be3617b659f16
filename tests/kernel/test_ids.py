"""Public ids: their prefix, their letters, and that none comes twice."""

from __future__ import annotations

import re
from collections import Counter

from holdfast.kernel.ids import new_id


def test_an_id_is_its_prefix_and_twenty_letters_that_nobody_misreads() -> None:
    assert re.fullmatch(r"ln_[0-9a-hjkmnp-tv-z]{20}", new_id("ln"))


def test_no_two_are_alike_and_every_letter_comes_as_often_as_another() -> None:
    ids = [new_id("x") for _ in range(8_000)]
    assert len(set(ids)) == len(ids)
    letters = Counter("".join(each.removeprefix("x_") for each in ids))
    assert len(letters) == 32
    # 5,000 of each are expected, with a deviation of 70: one that came twice as often would stand out.
    assert min(letters.values()) > 4_500
    assert max(letters.values()) < 5_500
