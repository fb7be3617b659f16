"""While a batch runs, the machine does not look through what it holds; whoever ends last puts that back."""

from __future__ import annotations

import gc

import pytest

from holdfast.kernel.batches import batch


def test_nothing_is_collected_while_a_batch_runs_and_as_before_afterwards() -> None:
    with batch():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_of_two_batches_the_last_to_end_puts_it_back() -> None:
    first, second = batch(), batch()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_batch_that_fails_puts_it_back_too() -> None:
    @batch()
    def fails() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        fails()
    assert gc.isenabled()


def test_who_had_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with batch():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
