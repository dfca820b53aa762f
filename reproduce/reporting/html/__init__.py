"""The report: one HTML file that opens from disk, from results/ and the audit; no network, and no script needed."""
