"""The trigger that waits for a task."""
