"""Images: decoding those that a request brings, painting the results."""
