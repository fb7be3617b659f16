"""`./hf bench`: the speeds, each beside the least work that could give the same result."""

from __future__ import annotations

import sys

from bench.run import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
