"""PostgreSQL: found, started, migrated, and entered by the role that may not rewrite the past.

Two roles from the first day: the owner migrates, `holdfast_app` works. Web, worker and commands
log in as `holdfast_app` with a password of its own, and that role has no UPDATE, DELETE or
TRUNCATE on an append-only table.
"""
