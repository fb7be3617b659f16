"""The two roles, and what the services' role may do to each table.

`holdfast_app` reads and inserts everywhere. It changes only what is listed in MUTABLE, and it can
empty nothing. A table that stands in neither list is readable and insertable only; a test makes
sure that there is none.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from holdfast.database.secrets import APP_PASSWORD, known, secret
from holdfast.database.supervisor import APP_ROLE
from holdfast.kernel.errors import Unavailable

# What was once written is never changed or removed.
APPEND_ONLY: Final = frozenset(
    {
        "record", "batch_node", "tree_leaf", "tree_node", "tree_head", "head_copy",
        "posting", "gl_entry", "house_posting", "accrual_delta", "accrual_run", "accrual_level", "accrual_folded",
        "month_end", "month_end_loan", "period_close", "period_reopen",
        "policy_pack", "product_version",
        "consent", "approval_request", "approval_answer", "approval_use", "file", "file_link", "contact_ledger",
        "loan_registry", "loan_terms", "loan_event", "allocation",
        "contract_paper",
        "night", "night_part", "tape", "shadow_run", "shadow_line", "shadow_acceptance", "duty_audit",
        "duty_move", "duty_move_line", "coverage_statement", "payment_promise",
        "decision", "decision_name", "decision_artifact", "decision_activation",
        "drawer_entry", "suspense_posting", "payer_account", "local_bank_order", "bank_file",
        "rail_answer", "house_account", "pay_code_registry",
        "confirmation_answer", "call_observation", "fraud_report",
        "release_name",
        "application_entry", "application_file", "application_return",
        "thing", "thing_imei", "thing_evidence", "thing_loan",
        "price_book", "price_line", "valuation", "valuation_choice", "valuation_settlement",
        "custody_seal", "shelf_scan", "loan_pledge", "pledge_loan", "pledge_photo",
        "custody_loss_posting",
        "restructuring_answer",
        "ticket_word",
        "complaint_against", "complaint_step", "visit_photo", "business_review_photo",
        "reminder_plan", "reminder_plan_live", "strategy", "strategy_live",
        "promise_part", "settlement_part",
    }
)  # fmt: skip

_CHANGE: Final = "UPDATE"
_CHANGE_AND_REMOVE: Final = "UPDATE, DELETE"
_NEITHER: Final = ""

# What lives: the present state of a thing, work queues, settings, log-ins. The book's own rows may change but not vanish.
MUTABLE: Final = {
    "loan": _CHANGE, "loan_freeze": _CHANGE, "duty": _CHANGE, "account": _CHANGE, "one_time_code": _CHANGE,
    "contract": _CHANGE,
    "programme": _CHANGE, "programme_loan": _CHANGE,
    "instalment": _CHANGE_AND_REMOVE,  # a backdated receipt may end a schedule earlier
    "message": _CHANGE,
    "payout": _CHANGE, "drawer": _CHANGE, "bank_line": _CHANGE, "payment_intent": _CHANGE, "cooling_off": _CHANGE,
    "pay_code": _CHANGE, "rail_feed": _CHANGE, "payout_file": _CHANGE, "payout_matter": _CHANGE, "mandate": _CHANGE, "debit": _CHANGE,
    "application": _CHANGE, "contract_number": _CHANGE,
    "confirmation": _CHANGE, "confirmation_call": _CHANGE,
    "release": _CHANGE, "disposal": _CHANGE, "branch_counter": _CHANGE,
    "lender": _CHANGE, "branch": _CHANGE, "staff": _CHANGE, "party": _CHANGE, "product": _CHANGE, "gl_account": _CHANGE,
    "api_token": _CHANGE, "contact_stop": _CHANGE,
    "party_private": _CHANGE_AND_REMOVE,
    "restructuring": _CHANGE, "strategy_draft": _CHANGE,
    "inbound": _CHANGE, "ticket": _CHANGE,
    "message_text": _CHANGE, "carrier_text": _CHANGE,
    "complaint": _CHANGE, "visit": _CHANGE, "business_review": _CHANGE,
    "promise": _CHANGE,
    "settlement": _CHANGE,
    "tonight_hold": _CHANGE_AND_REMOVE, "ringing_call": _CHANGE_AND_REMOVE,
    "message_part": _CHANGE, "channel_heard": _CHANGE,
    "staff_absence": _CHANGE,
    "imei_claim": _CHANGE, "shelf": _CHANGE, "custody_item": _CHANGE, "shelf_audit": _CHANGE, "pledge": _CHANGE,
    "idempotency": _CHANGE_AND_REMOVE,
    "seal_queue": _CHANGE_AND_REMOVE, "outbox": _CHANGE_AND_REMOVE, "tape_job": _CHANGE_AND_REMOVE,
    # Django's own
    "auth_user": _CHANGE, "auth_group": _CHANGE, "auth_permission": _CHANGE,
    "auth_user_groups": _CHANGE_AND_REMOVE, "auth_user_user_permissions": _CHANGE_AND_REMOVE, "auth_group_permissions": _CHANGE_AND_REMOVE,
    "django_session": _CHANGE_AND_REMOVE, "django_content_type": _CHANGE,
    "django_migrations": _NEITHER,
}  # fmt: skip


def prepare(owner: psycopg.Connection[Any]) -> None:
    """Make the services' role if it is missing, set its password to the one in the keys folder, and grant what it may do.

    Safe to run again: it ends in the same rights whatever they were before.
    """
    known_before = known(APP_PASSWORD)
    password = secret(APP_PASSWORD)
    with owner.transaction():
        try:
            _make_role(owner, password, fresh_password=known_before is None)
        except psycopg.errors.InsufficientPrivilege as error:
            raise Unavailable(
                f"the database's owner may not make the role {APP_ROLE}; ask its administrator for CREATE ROLE {APP_ROLE} LOGIN PASSWORD "
                "with the password in the keys folder (file database-app)",
                code="role_missing",
            ) from error
        _grant(owner)


def _make_role(owner: psycopg.Connection[Any], password: str, *, fresh_password: bool) -> None:
    role, word = sql.Identifier(APP_ROLE), sql.Literal(password)
    # Two books on one server may come here at once; role names belong to the whole server.
    owner.execute("SELECT pg_advisory_xact_lock(hashtext('holdfast role'))")
    exists = owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone()
    if not exists:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {}").format(role, word))
    elif fresh_password or not _can_log_in(owner, password):
        owner.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(role, word))


def _can_log_in(owner: psycopg.Connection[Any], password: str) -> bool:
    info = owner.info
    parameters = {**info.get_parameters(), "user": APP_ROLE, "password": password, "dbname": "postgres"}
    try:
        psycopg.connect(make_conninfo("", **parameters), connect_timeout=10).close()
    except psycopg.OperationalError as error:
        return "password authentication failed" not in str(error)
    return True


def _grant(owner: psycopg.Connection[Any]) -> None:
    role = sql.Identifier(APP_ROLE)
    tables = [row[0] for row in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")]
    owner.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}, PUBLIC").format(role))
    owner.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}, PUBLIC").format(role))
    owner.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    owner.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role))
    owner.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))
    for table in tables:
        if table == "django_migrations":
            continue
        rights = MUTABLE.get(table, _NEITHER)
        owner.execute(
            sql.SQL("GRANT INSERT{} ON {} TO {}").format(sql.SQL(", " + rights if rights else ""), sql.Identifier("public", table), role)
        )
