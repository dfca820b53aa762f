"""A survey of CNNs in medical imaging (document 001): statements on layers, activations, structure, architectures."""
