"""The printed numbers as CSV, and the audit that says which of them cannot be; standard library only."""

from reproduce.audit.audit import audit, unreachable
from reproduce.audit.finding import Finding
from reproduce.audit.printed import Cell, read_cells

__all__ = ["Cell", "Finding", "audit", "read_cells", "unreachable"]
