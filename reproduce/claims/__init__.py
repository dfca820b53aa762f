"""The printed numbers as CSV, and the audit that says which of them cannot be; standard library only."""
