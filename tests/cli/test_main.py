"""What the command says, and with which exit code it ends."""

from __future__ import annotations

import argparse
import importlib
import pkgutil

import pytest

import holdfast.cli
from holdfast.cli import main as cli
from holdfast.kernel.errors import BadInput, Fault, Forbidden, HoldfastError, NotFound, Refusal, Unavailable


@pytest.mark.parametrize(
    ("error", "code"),
    [(BadInput("x"), 2), (Refusal("x"), 1), (NotFound("x"), 1), (Forbidden("x"), 1), (Unavailable("x"), 3), (Fault("x"), 1)],
    ids=lambda value: type(value).__name__,
)
def test_the_kind_of_an_error_decides_the_exit_code(error: HoldfastError, code: int) -> None:
    assert cli.exit_code(error) == code


def test_an_error_is_one_sentence_and_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(given: argparse.Namespace) -> int:
        raise Refusal("loan ln_1 is settled; a settled loan takes no receipt")

    class Parser:
        def parse_args(self, arguments: object) -> argparse.Namespace:
            return argparse.Namespace(func=refuse)

    monkeypatch.setattr(cli, "build_parser", Parser)
    assert cli.main([]) == 1
    captured = capsys.readouterr()
    assert captured.err == "holdfast: loan ln_1 is settled; a settled loan takes no receipt\n"
    assert captured.out == ""


def test_an_unknown_command_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["no-such-thing"])
    assert ended.value.code == 2
    assert "no-such-thing" in capsys.readouterr().err


def test_every_module_of_the_folder_is_a_command_in_the_list() -> None:
    modules = {module.name for module in pkgutil.iter_modules(holdfast.cli.__path__)}
    assert {name for name in modules if hasattr(importlib.import_module(f"holdfast.cli.{name}"), "register")} == set(cli.COMMANDS)


def test_each_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert name.replace("_", "-") in said
