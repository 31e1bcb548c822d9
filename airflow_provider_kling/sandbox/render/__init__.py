"""Renders the videos and images of the sandbox (needs the extra ``sandbox``: av, numpy, pillow)."""
