"""The models there are: one entry each in ``video`` and ``image``."""
