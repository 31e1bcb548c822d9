"""The models that this release knows, held against what the service publishes, and written as a page."""
