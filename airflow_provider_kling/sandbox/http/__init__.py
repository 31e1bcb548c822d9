"""The sandbox over HTTP: server, routes, middleware, and the bodies of its responses."""
