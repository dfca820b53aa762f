"""Files on disk to cases: one module per data set, and what all data sets share."""
