"""Concatenating clips into one video. ``concat.py`` is the entry point."""
