"""Messages: the files that banks take and give under ISO 20022, and nothing of what they mean for a loan.

`pain001` is written; `pain002` and `camt` are read. NOT RUN AGAINST A REAL PEER: no bank has taken or given one of them here.
"""

from holdfast.payments.messages.camt import read_camt
from holdfast.payments.messages.pain001 import FileHead, write_pain001
from holdfast.payments.messages.pain002 import StatusLine, read_pain002
from holdfast.payments.messages.reading import message_name
from holdfast.payments.messages.recall import write_camt056

__all__ = ["FileHead", "StatusLine", "message_name", "read_camt", "read_pain002", "write_camt056", "write_pain001"]
