"""Pictures without their traces: where, when and by which device they were taken stays with whoever took them.

A camera writes its place, its owner and its serial number into a picture. What we keep is the picture; the place and the
time of a visit are stated by those who made it, and proved by the journal.
"""

from __future__ import annotations

from typing import Final

_JPEG: Final = b"\xff\xd8"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
# APP1 (Exif, XMP), APP13 (Photoshop, IPTC) and comments. APP0 and APP2 say how to draw it, APP14 how its colours are meant.
_TRACES_OF_JPEG: Final = frozenset({*range(0xE3, 0xEE), 0xE1, 0xEF, 0xFE})
_TRACES_OF_PNG: Final = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_TRACES_OF_WEBP: Final = frozenset({b"EXIF", b"XMP "})
_SCAN: Final = 0xDA


def without_traces(data: bytes) -> bytes:
    """The same picture without the metadata of camera and place; anything that is no JPEG, PNG or WebP as it came.

    Nothing is decoded: the pixels are the very bytes that were given. What ends in the middle is given back up to there.
    """
    if data.startswith(_JPEG):
        return _jpeg(data)
    if data.startswith(_PNG):
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return data


def _jpeg(data: bytes) -> bytes:
    kept, at = [_JPEG], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding between two segments
            at += 1
            continue
        if marker == _SCAN:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker not in _TRACES_OF_JPEG:
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _png(data: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in _TRACES_OF_PNG:
            kept.append(data[at:end])
        at = end
    return b"".join([*kept, data[at:]])


def _webp(data: bytes) -> bytes:
    kept, at = [], 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        name, chunk = data[at : at + 4], data[at:end]
        if name == b"VP8X" and len(chunk) > 8:
            chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]  # it no longer says that Exif or XMP follow
        if name not in _TRACES_OF_WEBP:
            kept.append(chunk)
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
