"""Several processes on one piece of work: every part is answered in its order, and one that dies is known to have died."""

from __future__ import annotations

import operator
import os

import psycopg
import pytest

from holdfast.database.hands import hands_for, share
from holdfast.kernel.errors import Unavailable


def test_one_hand_works_in_this_process_and_several_in_others(committed_db: psycopg.Connection[object]) -> None:
    assert set(share(os.getpid, [(), ()], hands=1)) == {os.getpid()}
    others = set(share(os.getpid, [(), (), (), ()], hands=2))
    assert others and os.getpid() not in others


def test_answers_come_in_the_order_of_their_parts(committed_db: psycopg.Connection[object]) -> None:
    assert list(share(operator.mul, [(number, 10) for number in range(20)], hands=2)) == [number * 10 for number in range(20)]


def test_an_error_in_a_part_is_raised_where_its_answer_is_asked_for(committed_db: psycopg.Connection[object]) -> None:
    answers = share(operator.floordiv, [(6, 2), (1, 0), (8, 2)], hands=2)
    assert next(answers) == 3
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_a_hand_that_dies_is_unavailable_never_an_answer(committed_db: psycopg.Connection[object]) -> None:
    with pytest.raises(Unavailable) as lost:
        list(share(os._exit, [(9,), (9,)], hands=2))
    assert lost.value.code == "hand_lost"


def test_few_parts_are_not_worth_a_process() -> None:
    assert hands_for(0) == hands_for(1) == hands_for(3) == 1
    assert hands_for(1_000) == len(os.sched_getaffinity(0))
