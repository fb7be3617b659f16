"""Files: documents, photos and recordings, sealed on disk and named by a salted digest.

The digest proves what was stored; with the key gone, it says nothing about it.
"""

from holdfast.files.kinds import KINDS, LARGEST_BYTES, is_bank_message, media_type
from holdfast.files.pictures import without_traces
from holdfast.files.ports import Notary, NotaryCapabilities, Press, Signed
from holdfast.files.store import File, anything_sealed, get, link, of_loan, put, read

__all__ = [
    "KINDS",
    "LARGEST_BYTES",
    "File",
    "Notary",
    "NotaryCapabilities",
    "Press",
    "Signed",
    "anything_sealed",
    "get",
    "is_bank_message",
    "link",
    "media_type",
    "of_loan",
    "put",
    "read",
    "without_traces",
]
