"""The borrower's page on a phone: what is owed, when, and what would end it. It changes nothing."""
