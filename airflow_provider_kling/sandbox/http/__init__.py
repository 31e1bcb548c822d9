"""What both services need over HTTP: the server, middleware, control routes, signed URLs and downloads."""
