"""Models from two scans to the displacement between them."""
