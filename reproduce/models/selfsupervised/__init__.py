"""Models that learn features without labels."""
