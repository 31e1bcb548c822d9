"""A target for each parser of what others write: it returns a value or raises a clear error.

Every run tries a few examples, always the same. `make fuzz` tries many, and new ones each time.
"""
