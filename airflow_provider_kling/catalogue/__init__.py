"""The models that this release knows, compared with what a service publishes."""
