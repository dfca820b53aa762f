"""The HTML report: tables, verdicts, curves, slices and the audit on one page."""
