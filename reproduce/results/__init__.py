"""Results folders: what is written, read, compared and judged."""
