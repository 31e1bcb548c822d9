"""The operators: generate, download, and everything they share."""
