"""Staff: log-ins with a role and a scope, and the tokens by which programs act for them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from holdfast.journal import Actor, write_record
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import BadInput, NotFound, Refusal
from holdfast.kernel.ids import new_id
from holdfast.parties import store
from holdfast.parties.model import Branch, Reach, Role, Staff
from holdfast.parties.store import Db

_MARK: Final = "hf_"


def create_branch(db: Db, *, code: str, name: str) -> Branch:
    """A new branch; Refusal if the code is taken."""
    if not store.insert_branch(db, public_id=new_id("br"), code=_words("code", code), name=_words("name", name)):
        raise Refusal(f"there is a branch {code} already", code="branch_exists", field="code")
    return branch(db, code)


def branch(db: Db, code: str) -> Branch:
    """The branch of that code; NotFound otherwise."""
    found = store.branch_of_code(db, code)
    if found is None:
        raise NotFound(f"there is no branch {code}", code="no_branch", field="branch")
    return found


def create_staff(
    db: Db, *, clock: Clock, by: Actor, username: str, password: str, name: str, role: str,
    branch_id: int | None = None, team: str | None = None, scope: str = "own", person_id: int | None = None,
) -> Staff:  # fmt: skip
    """A new log-in. `person_id` is the party behind it: two log-ins of one party are one person wherever two are asked for.

    BadInput for an unknown role or scope and for a password that Django's validators refuse; Refusal for a user name in use.
    """
    if role not in set(Role) - {Role.SYSTEM}:
        raise BadInput(f"role: {role!r} is not a role; use one of {', '.join(sorted(set(Role) - {Role.SYSTEM}))}", field="role")
    if scope not in set(Reach):
        raise BadInput(f"scope: {scope!r} is not a scope; use one of {', '.join(Reach)}", field="scope")
    if scope in (Reach.BRANCH, Reach.TEAM) and branch_id is None:
        raise BadInput(f"branch: someone who sees a {scope} belongs to a branch", field="branch")
    if scope == Reach.TEAM and not team:
        raise BadInput("team: someone who sees a team belongs to one", field="team")
    try:
        validate_password(password)
    except ValidationError as error:
        raise BadInput(f"password: {' '.join(error.messages)}", field="password") from None
    user_id = store.insert_user(db, username=_words("username", username), password_hash=make_password(password), at=clock.now())
    if user_id is None:
        raise Refusal(f"the user name {username} is taken", code="username_taken", field="username")
    made = store.insert_staff(
        db, public_id=new_id("st"), user_id=user_id, person_id=person_id, name=_words("name", name), role=Role(role),
        branch_id=branch_id, team=team, reach=Reach(scope),
    )  # fmt: skip
    _record(db, clock, by, made, "staff.created")
    return made


def close_staff(db: Db, *, clock: Clock, by: Actor, staff: Staff) -> None:
    """End a log-in and all its tokens. What the person did stays."""
    store.deactivate(db, staff, clock.now())
    _record(db, clock, by, staff, "staff.closed")


def staff_of_user(db: Db, user_id: int) -> Staff | None:
    """The staff member of a log-in, None if it has none or has left."""
    found = store.staff_where(db, "user_id", user_id)
    return found if found is not None and found.active else None


def staff(db: Db, public_id: str) -> Staff:
    """The staff member of that public id; NotFound otherwise."""
    found = store.staff_where(db, "public_id", public_id)
    if found is None:
        raise NotFound(f"there is no staff member {public_id}", code="no_staff", field="staff")
    return found


def staff_by_id(db: Db, staff_id: int) -> Staff:
    """The staff member of that number; NotFound otherwise."""
    found = store.staff_where(db, "staff_id", staff_id)
    if found is None:
        raise NotFound(f"there is no staff member number {staff_id}", code="no_staff", field="staff")
    return found


def issue_token(db: Db, *, clock: Clock, by: Actor, staff: Staff, label: str) -> str:
    """A new token for programs that act for `staff`. It is shown this once; the book keeps its hash."""
    token = _MARK + secrets.token_urlsafe(32)
    store.insert_token(db, token_hash=_token_hash(token), staff_id=staff.staff_id, label=_words("label", label), at=clock.now())
    _record(db, clock, by, staff, "token.issued", label=label)
    return token


def staff_of_token(db: Db, token: str) -> Staff | None:
    """Whose token it is; None if it is no token of ours, was revoked, or its owner has left."""
    return store.staff_of_token_hash(db, _token_hash(token)) if token.startswith(_MARK) else None


def revoke_token(db: Db, *, clock: Clock, token: str) -> None:
    """End a token; NotFound if it is not a living one."""
    if not store.revoke_token(db, _token_hash(token), clock.now()):
        raise NotFound("this token is not in use", code="no_token", field="token")


def _record(db: Db, clock: Clock, by: Actor, about: Staff, kind: str, **more: str) -> None:
    says = {"role": str(about.role), "scope": str(about.reach), **more}
    write_record(db, clock=clock, by=by, chain_id=about.staff_id, chain=about.public_id, kind=kind, says=says)


def _token_hash(token: str) -> bytes:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(token.encode()).digest()


def _words(field: str, text: str) -> str:
    if not text.strip() or len(text) > 150:
        raise BadInput(f"{field}: write 1 to 150 characters", field=field)
    return text.strip()
