"""A workflow of AI in radiology with a ResNet that says normal or abnormal (document 004)."""
