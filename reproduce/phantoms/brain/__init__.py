"""A brain with a tumour, in the four modalities of BraTS."""
