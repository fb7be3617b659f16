"""The `holdfast` command: one module a command, each of which registers itself and returns an exit code."""
