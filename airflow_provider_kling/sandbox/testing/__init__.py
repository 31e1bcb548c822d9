"""A sandbox for tests: as a child process, and as pytest fixtures."""
