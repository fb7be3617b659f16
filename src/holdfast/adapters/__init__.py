"""Adapters: what stands behind the ports. Only `wiring`, `worker`, `web` and `cli` see them."""
