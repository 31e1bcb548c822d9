"""Kling's own open platform: the new standard, the legacy standard, and the account."""
