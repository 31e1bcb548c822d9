"""Modellix over HTTP: routes, the key, the limits, and the bodies of its responses."""
