"""One room a paper: its claims, the parts that its tables share, and the figures that only it has."""
