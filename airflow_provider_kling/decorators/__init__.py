"""TaskFlow decorators: a function says what to generate."""
