"""One film of many clips. Begin with `join.py`."""
