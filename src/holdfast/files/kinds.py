"""Which files are taken in: told by their first bytes, never by their name."""

from __future__ import annotations

from typing import Final

from holdfast.kernel.errors import BadInput

LARGEST_BYTES: Final = 20 * 1024 * 1024
# A bank's message of a hundred thousand entries.
LARGEST_MESSAGE: Final = 128 * 1024 * 1024
LONGEST_NAME: Final = 200
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),  # a frame of MPEG-1 or -2 layer III that no tag precedes
    (b"\xff\xf3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
)
_WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MESSAGE: Final = "application/xml"
_MESSAGE_NAMESPACE: Final = b"urn:iso:std:iso:20022:tech:xsd:"
_NAMESPACE_WITHIN: Final = 2_000
KINDS: Final = frozenset({kind for _, kind in _BEGINNINGS} | {"image/webp", "audio/wav", "audio/mp4", _WORKBOOK, _MESSAGE, "text/plain"})


def media_type(data: bytes) -> str:
    """What the bytes are; BadInput if they are empty, too large, or of a kind that is not taken in."""
    if not data:
        raise BadInput("file: it is empty", field="file")
    most = LARGEST_MESSAGE if is_bank_message(data) else LARGEST_BYTES
    if len(data) > most:
        raise BadInput(f"file: it has {len(data):,} bytes; the most is {most:,}", field="file")
    if is_bank_message(data):
        return _MESSAGE
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if data[8:12] == b"WEBP" else "audio/wav"
    if data[4:12] in (b"ftypM4A ", b"ftypM4B "):
        return "audio/mp4"
    if data.startswith(b"PK\x03\x04") and b"xl/" in data:
        return _WORKBOOK
    if _is_text(data):
        return "text/plain"
    raise BadInput(
        "file: this kind is not taken in; send PDF, PNG, JPEG, WebP, WAV, Ogg, MP3, M4A, AMR, XLSX, an ISO 20022 message or plain text",
        field="file",
    )


def is_bank_message(data: bytes) -> bool:
    """Whether this is a message of ISO 20022 (a bank's statement or answer): the one kind of markup that is taken in, and never shown."""
    return data[:100].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and _MESSAGE_NAMESPACE in data[:_NAMESPACE_WITHIN]


def clean_name(name: str) -> str:
    """The last part of a file's name, without what a file system could trip over."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(char for char in last if char.isprintable()).strip(". ")
    if not kept:
        raise BadInput("name: the file has no name", field="name")
    return kept[-LONGEST_NAME:]


def _is_text(data: bytes) -> bool:
    if b"\x00" in data or data.lstrip()[:1] == b"<":  # markup could run in somebody's browser
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return all(char.isprintable() or char in "\r\n\t\ufeff" for char in text)
    return False
