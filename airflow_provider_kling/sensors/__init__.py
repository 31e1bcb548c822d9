"""The sensor for tasks submitted elsewhere."""
