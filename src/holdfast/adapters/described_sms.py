"""Which way text messages leave the house: what the file named in HOLDFAST_SMS describes, else the local outbox.

The file says `format: sms/1` and `kind: cmpp` or `kind: http`. The secret comes from the environment (`secret_env`) or a file of
its own (`secret_file`), never from this one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from holdfast.adapters.cmpp.channel import CmppChannel
from holdfast.adapters.cmpp.described import account
from holdfast.adapters.http_sms import HttpSms, peer
from holdfast.contact import Keep, SmsChannel
from holdfast.kernel.errors import BadInput

SMS_FILE: Final = "HOLDFAST_SMS"
_FORMAT: Final = "sms/1"
_KINDS: Final = ("cmpp", "http")
_SECRET_FIELDS: Final = frozenset({"format", "kind", "secret_env", "secret_file"})
_SHORTEST_SECRET: Final = 4


def sms_described(keep: Keep) -> SmsChannel | None:
    """The channel that the environment names a description of; None if it names none. BadInput for a description that is wrong."""
    named = os.environ.get(SMS_FILE)
    if not named:
        return None
    try:
        text = Path(named).read_text("utf-8")
    except OSError as error:
        raise BadInput(f"{SMS_FILE}: {named} cannot be read: {error.strerror}", field=SMS_FILE) from error
    return described(text, keep)


def described(text: str, keep: Keep) -> SmsChannel:
    """The channel that a file's text describes; BadInput names the first thing that is wrong with it."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"sms: the description is no YAML: {error}", field="format") from error
    if not isinstance(raw, dict) or raw.get("format") != _FORMAT:
        raise BadInput(f"sms: it must say format: {_FORMAT}", field="format")
    if raw.get("kind") not in _KINDS:
        raise BadInput(f"sms: kind is one of {', '.join(_KINDS)}", field="kind")
    rest = {str(name): value for name, value in raw.items() if name not in _SECRET_FIELDS}
    secret = _secret(raw)
    return CmppChannel(account(rest, secret), keep) if raw["kind"] == "cmpp" else HttpSms(peer(rest, secret))


def _secret(raw: Mapping[str, Any]) -> bytes:
    if raw.get("secret_env"):
        value = os.environ.get(str(raw["secret_env"]), "")
    elif raw.get("secret_file"):
        try:
            value = Path(str(raw["secret_file"])).read_text("utf-8").strip()
        except OSError as error:
            raise BadInput(f"sms: secret_file cannot be read: {error.strerror}", field="secret_file") from error
    else:
        raise BadInput("sms: say secret_env or secret_file", field="secret_env")
    if len(value) < _SHORTEST_SECRET:
        raise BadInput(f"sms: the secret is missing or shorter than {_SHORTEST_SECRET} characters", field="secret_env")
    return value.encode()
