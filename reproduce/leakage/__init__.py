"""Splits of others, in the forms in which they are published: who or what stands on two sides."""
