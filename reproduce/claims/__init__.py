"""The printed numbers of the documents and the audit of their consistency."""
