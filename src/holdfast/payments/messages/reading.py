"""Reading XML that came from outside: no document type, no entities, no more than the limit, one element at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from holdfast.kernel.errors import BadInput

MOST_BYTES: Final = 128 * 2**20
_DEEPEST: Final = 40
_HEAD: Final = 2_000
_NAMED: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3}\.\d{3}\.\d{2})")


def message_name(data: bytes) -> str | None:
    """`camt.053.001.08` of such a message; None for anything else."""
    found = _NAMED.search(data[:_HEAD])
    return found[1].decode() if found and data[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None


def elements(data: bytes, *names: str) -> Iterator[Element]:
    """The elements of those local names as they end, in the file's order; each is let go once its reader is done with it.

    Local names: a bank's version of the namespace does not matter. BadInput for what is no XML, or holds a document type.
    """
    if len(data) > MOST_BYTES:
        raise BadInput(f"file: it has {len(data):,} bytes; the most is {MOST_BYTES:,}", field="file", code="too_large")
    above: list[Element] = []
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                above.append(element)
                if len(above) > _DEEPEST:
                    raise BadInput("file: its elements are nested too deeply", field="file", code="not_xml")
                continue
            above.pop()
            element.tag = local(element)
            if element.tag in names:
                yield element
                # Emptied only, a hundred thousand of them would still hang there, and be looked through again and again.
                if above:
                    del above[-1][-1]
    except (ParseError, DefusedXmlException, UnicodeError, ValueError, LookupError) as error:
        raise BadInput(f"file: this is no XML that can be read: {error}", field="file", code="not_xml") from None


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text(element: Element | None, path: str) -> str:
    """What stands at a path of local names, joined and trimmed; empty if nothing does."""
    if element is None:
        return ""
    found = element.find(path)
    return " ".join((found.text or "").split()) if found is not None else ""


def texts(element: Element, path: str) -> str:
    """What stands at every such path, joined by spaces."""
    return " ".join(part for each in element.findall(path) if (part := " ".join((each.text or "").split())))
