"""Pictures: reading the ones that are given, drawing the ones that are asked for."""
