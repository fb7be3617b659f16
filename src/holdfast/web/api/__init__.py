"""The API under `/api/v1`: the same verbs as the console's, for programs.

One router a capability. Each operation is named `capability.verb`, asks for a token, is open to
the roles that `roles` names, sees what its caller's data scope lets it see, and is one transaction.
Errors are problem+json; each POST carries an `Idempotency-Key` and may be sent again.
"""
