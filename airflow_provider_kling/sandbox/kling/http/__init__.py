"""Kling's platform over HTTP: routes, credentials, and the envelope of its responses."""
