"""Makes audio results."""
