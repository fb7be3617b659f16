"""Who calls: a Bearer token stands for one member of staff, with that person's role and data scope.

The book keeps only the token's hash. A token that is unknown, was revoked, or whose holder has left
is answered alike, so that nobody learns which of these it is.
"""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from ninja.security import HttpBearer

from holdfast.database.connection import transaction
from holdfast.kernel.errors import BadInput
from holdfast.parties import Staff, staff_of_token
from holdfast.web.api.idempotency import key_of
from holdfast.web.api.roles import admit

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
_TAKES_A_FILE: Final = frozenset({"takeover.hand_in", "payments.load_bank_file"})
_LONGEST_TOKEN: Final = 200


class Bearer(HttpBearer):
    """The door of one operation: the token, then the role, then the key that each POST needs."""

    def __init__(self, operation: str) -> None:
        super().__init__()
        self._operation = operation

    def authenticate(self, request: HttpRequest, token: str) -> Staff | None:
        """The caller; None without a valid token. Forbidden or BadInput if this call may not be made so."""
        if not (token.isascii() and token.isprintable() and len(token) <= _LONGEST_TOKEN):
            return None
        with transaction() as db:
            staff = staff_of_token(db, token)
        if staff is None:
            return None
        admit(self._operation, staff.role, staff.reach)
        if request.method == "POST":
            key_of(request)
            self._check_media_type(request)
        return staff

    def _check_media_type(self, request: HttpRequest) -> None:
        wanted = FORM if self._operation in _TAKES_A_FILE else JSON
        if request.META.get("CONTENT_LENGTH") not in (None, "", "0") and request.content_type != wanted:
            raise BadInput(f"send the body as {wanted}", code="media_type", field="Content-Type")
