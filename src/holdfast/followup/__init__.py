"""Follow-up: what is done about arrears, from a promise to pay to a visit, and what the borrower complains of."""
