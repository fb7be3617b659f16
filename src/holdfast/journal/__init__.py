"""Journal: how everything is provable.

Each verb writes one record, chained to its loan's previous one inside the business transaction.
The sealer puts committed records into one RFC 6962 tree and signs its head. A loan's bundle
proves its records to an outsider who holds the journal's key and any head of it.

`verify` (bundles, offline) and `recheck` (the whole database) are imported by name, since an
outsider runs the first without any of the rest.
"""

from holdfast.journal.checkpoint import Checkpoint
from holdfast.journal.export import chain_named, export, give_head, prove
from holdfast.journal.keys import signing_key
from holdfast.journal.note import SigningKey, VerifierKey, verifier_key
from holdfast.journal.own_chain import write_record
from holdfast.journal.records import EMPTY_HEAD, SYSTEM, Actor, Head, Record, draw
from holdfast.journal.sealer import newest_head, seal, tree_size
from holdfast.journal.store import append, append_batch, chain_ids, next_chain_id, read_chain

__all__ = [
    "EMPTY_HEAD",
    "SYSTEM",
    "Actor",
    "Checkpoint",
    "Head",
    "Record",
    "SigningKey",
    "VerifierKey",
    "append",
    "append_batch",
    "chain_ids",
    "chain_named",
    "draw",
    "export",
    "give_head",
    "newest_head",
    "next_chain_id",
    "prove",
    "read_chain",
    "seal",
    "signing_key",
    "tree_size",
    "verifier_key",
    "write_record",
]
