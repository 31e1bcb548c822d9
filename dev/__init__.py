"""What developers and the demo run; no part of the installed package."""
