"""Videos: decoding those that a request brings, painting and encoding the results."""
