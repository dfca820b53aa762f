"""What can be said of a model without training it: sizes, receptive fields, cost, formulas."""
