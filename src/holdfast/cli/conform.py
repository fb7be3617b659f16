"""`holdfast conform DIR [--print]`: another system's worked examples, run through our own rules.

A line for each file: ok, SKIP with the reason, or FAIL with the first difference. Whether one is skipped is
decided from its terms and events; its name and what it expects are never asked.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.kernel.errors import BadInput, HoldfastError
from holdfast.servicing import vectors
from holdfast.servicing.vectors import peers


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("conform", help="run scenario files through the servicing rules")
    parser.add_argument("folder", metavar="DIR", type=Path)
    parser.add_argument("--print", dest="show", action="store_true", help="print our states and read nothing that is expected")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    if not folder.is_dir():
        raise BadInput(f"DIR: {folder} is not a folder", field="DIR")
    files = sorted(folder.glob("*.json"))
    if not files:
        raise BadInput(f"DIR: no scenario files (*.json) in {folder}", field="DIR")
    if arguments.show:
        return _show(files)
    passed = failed = 0
    for file in files:
        line = _line(file)
        passed += line.startswith("ok ")
        failed += line.startswith("FAIL ")
        print(line)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _line(file: Path) -> str:
    try:
        scenario = _read(file)
        family = _family(scenario)
        skip = family.skip_of(scenario)
        if skip is not None:
            return f"SKIP {file.stem}: {skip}"
        difference = family.first_difference(scenario)
    except HoldfastError as error:
        difference = error.sentence
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Someone else's file may be of a shape that nobody thought of: it fails by name, and the files after it are still run.
        difference = f"is of a shape that we cannot read: {type(error).__name__}: {error}"
    return f"ok {file.stem}" if difference is None else f"FAIL {file.stem}: {difference}"


def _show(files: list[Path]) -> int:
    wrong = 0
    for file in files:
        try:
            scenario = {name: value for name, value in _read(file).items() if name != "expected"}
            family = _family(scenario)
            skip = family.skip_of(scenario)
            if skip is not None:
                print(f"SKIP {file.stem}: {skip}")
                continue
            print(json.dumps({"name": file.stem, "states": family.states(scenario)}, ensure_ascii=False))
        except HoldfastError as error:
            wrong = 1
            print(f"FAIL {file.stem}: {error.sentence}")
    return wrong


def _family(scenario: Mapping[str, Any]) -> ModuleType:
    """The reader of this scenario's format, told by its form: two families of examples may lie in one folder."""
    return peers if peers.recognises(scenario) else vectors


def _read(file: Path) -> Mapping[str, Any]:
    try:
        scenario = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file.name}: is not JSON: {error}", field=file.name) from None
    if not isinstance(scenario, dict):
        raise BadInput(f"{file.name}: write an object", field=file.name)
    return scenario
