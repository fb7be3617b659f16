"""How fast the book is, beside the least work that could give the same result: one file a benchmark.

run.py              `./hf bench [NAME ...]`: each benchmark in a process and on a server of its own
scratch.py          the server, the stop-watch, the processor time of both sides, the bare writes of the floors
book.py             a generated book of any size with the real tables
night_1m.py         a night and the morning after it
night_growth.py     the same number of due loans in a book ten times larger
receipts_single.py  receipts one by one, each its own transaction
receipts_batch.py   the lines of a bank's file, matched and posted by two processes
replay.py           a backdated receipt on a loan of five years
books_verify_1m.py  the proofs of the books over a million loans
processes.py        processes that work at once, timed together
read_loan.py        one loan with a thousand events through the API
release_sms.py      from a pay-off's commit to its message at the carrier
"""
