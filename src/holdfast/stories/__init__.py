"""Stories: whole loans in business words, played by the same verbs as any loan, and proved at the end."""
