"""Journal: how everything is provable.

Each verb writes one record, chained to its loan's previous one inside the business transaction.
The sealer puts committed records into one RFC 6962 tree and signs its head. A loan's bundle
proves its records to an outsider who holds the journal's key and any head of it.
"""

from holdfast.journal.own_chain import write_record
from holdfast.journal.records import EMPTY_HEAD, SYSTEM, Actor, Head, Record, draw
from holdfast.journal.store import append, append_batch, chain_ids, next_chain_id, read_chain

__all__ = [
    "EMPTY_HEAD",
    "SYSTEM",
    "Actor",
    "Head",
    "Record",
    "append",
    "append_batch",
    "chain_ids",
    "draw",
    "next_chain_id",
    "read_chain",
    "write_record",
]
