"""Painting and encoding the clips (needs the extra ``sandbox``: av, numpy, pillow)."""
