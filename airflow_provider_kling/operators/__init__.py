"""The operators, and their common base."""
