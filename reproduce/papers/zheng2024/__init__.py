"""Zheng et al. 2024 (document 002): six models on thoracic CT."""
