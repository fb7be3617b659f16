"""`holdfast init --lender FILE`: say whose book this is, and under which rules it lives.

Without it a book can take over a tape and be serviced; new loans are refused until type, licence,
regulator and region are set.
"""

from __future__ import annotations

import argparse
import json
import secrets
from pathlib import Path
from typing import Any

import yaml

from holdfast.database.connection import book, transaction
from holdfast.journal import SYSTEM
from holdfast.kernel.errors import BadInput
from holdfast.parties import create_staff
from holdfast.policy import Lender, Pack, clock, from_fields, load, set_lender, shipped, store_pack

_EXAMPLE = """the file says, in YAML or JSON:
  name: 示例小额贷款有限公司
  type: micro_lender            # commercial_bank, consumer_finance, auto_finance, micro_lender, online_micro_lender,
                                # pawnshop, financial_leasing, guarantee, private_lender
  licence_no: "示例-2026-001"
  regulator: 示例市地方金融管理局
  region: CN-44                 # country, or country and province
  zone: Asia/Shanghai           # optional
  currency: CNY                 # optional
  pack: cn-baseline             # optional"""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "init", help="set the lender and its policy pack", epilog=_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--lender", type=Path, required=True, metavar="FILE", help="who the lender is")
    command.add_argument("--pack", type=Path, metavar="FILE", help="the lender's own policy pack instead of a shipped one")
    command.add_argument("--admin", metavar="USER", help="also make a first administrator; the password is printed once")
    command.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    command.set_defaults(func=_init)


def _init(arguments: argparse.Namespace) -> int:
    named = from_fields(_fields(arguments.lender))
    pack = load(arguments.pack) if arguments.pack else shipped(named.pack_name)
    if arguments.pack and named.pack_name not in (pack.name, Lender().pack_name):
        raise BadInput(f"pack: the lender's file names {named.pack_name}, the pack is {pack.name}", field="pack")
    with book():
        answer = _write(named, pack, arguments.admin)
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(f"lender {answer['lender']} ({answer['type']}, {answer['region']}), rules {answer['pack']} {answer['version']}")
        if arguments.admin:
            print(f"login admin {arguments.admin} {answer['password']}")
    return 0


def _write(named: Lender, pack: Pack, admin: str | None) -> dict[str, Any]:
    with transaction() as db:
        known = set_lender(db, named, pack_name=pack.name)
        now = clock(db)
        new = store_pack(db, pack, at=now.now())
        answer: dict[str, Any] = {
            "lender": known.name, "type": known.lender_type, "region": known.region, "zone": known.zone, "currency": known.currency,
            "pack": pack.name, "version": pack.version, "pack_new": new,
        }  # fmt: skip
        if admin:
            answer["password"] = secrets.token_urlsafe(12)
            create_staff(db, clock=now, by=SYSTEM, username=admin, password=answer["password"], name=admin, role="admin", scope="all")
    return answer


def _fields(file: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"the lender's file {file.name} cannot be read: {error.strerror}", field="lender") from None
    except UnicodeDecodeError:
        raise BadInput(f"the lender's file {file.name} is not UTF-8 text", field="lender") from None
    except yaml.YAMLError as error:
        raise BadInput(f"the lender's file {file.name} is neither YAML nor JSON: {' '.join(str(error).split())}", field="lender") from None
    if not isinstance(raw, dict) or not all(isinstance(name, str) for name in raw):
        raise BadInput(f"the lender's file {file.name} has no named fields; see `holdfast init --help`", field="lender")
    return raw
