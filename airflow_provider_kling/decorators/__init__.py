"""TaskFlow decorators: a function returns what to generate."""
