"""`holdfast decode cmpp [FILE]`: one JSON line for each line of hex, with every field by the protocol's own name.

A line is hex, or an object with `hex` and, if they are known, `version` (0x20, 0x21, 0x30) and `command`: `STREAM` for several
packets in a row, `RECEIPT_BODY`, `UDH_CONTENT` or `MSG_ID` for a piece that is no packet. Bytes that are none of these come out as
`{"error","detail"}`, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from holdfast.adapters.cmpp.packets import V30, BadPacket
from holdfast.adapters.cmpp.reading import read
from holdfast.kernel.errors import BadInput

_VERSIONS = {"2.0": 0x20, "2.1": 0x21, "3.0": 0x30, "0x20": 0x20, "0x21": 0x21, "0x30": 0x30, "any": V30}


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    decode = commands.add_parser("decode", help="read the bytes of a protocol, field by field")
    protocols = decode.add_subparsers(dest="protocol", required=True, metavar="PROTOCOL")
    cmpp = protocols.add_parser("cmpp", help="packets of the carriers' SMS protocol, 2.0 to 3.0")
    cmpp.add_argument("file", nargs="?", type=Path, metavar="FILE", help="lines of hex or of JSON objects (default: standard input)")
    cmpp.add_argument("--version", dest="cmpp_version", choices=("2.0", "2.1", "3.0"), default="3.0", help="of lines that do not say it")
    cmpp.set_defaults(func=_cmpp)


def _cmpp(arguments: argparse.Namespace) -> int:
    if arguments.file is None:
        return _lines(sys.stdin, arguments.cmpp_version)
    try:
        with arguments.file.open(encoding="utf-8") as lines:
            return _lines(lines, arguments.cmpp_version)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"FILE: {arguments.file} cannot be read: {error}", field="FILE") from error


def _lines(lines: TextIO, version: str) -> int:
    wrong = 0
    for line in lines:
        if line.strip():
            told = _line(line.strip(), version)
            wrong |= "error" in told
            print(json.dumps(told, ensure_ascii=False))
    return int(wrong)


def _line(line: str, version: str) -> dict[str, Any]:
    try:
        given = json.loads(line) if line.startswith("{") else {"hex": line}
        named = str(given.get("version", version))
        if named not in _VERSIONS:
            raise BadPacket(f"version: {named} is none of {', '.join(_VERSIONS)}", field="version")
        raw = bytes.fromhex(str(given["hex"]))
        told = read(raw, version=_VERSIONS[named], command=given.get("command"))
    except BadPacket as error:
        return {"error": error.field or error.code, "detail": error.sentence}
    except (ValueError, KeyError, RecursionError) as error:
        return {"error": "line", "detail": f"it is neither hex nor an object with hex: {error}"}
    return {**({"id": given["id"]} if "id" in given else {}), **told}
