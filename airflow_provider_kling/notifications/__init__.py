"""Telling people, and their code, what became of generations."""
