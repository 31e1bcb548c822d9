"""A thousand waiting triggers on one event loop, side by side with what a user would pick instead.

``python -m benchmarks.triggers`` runs the comparison; see ``../README.md``.
"""
