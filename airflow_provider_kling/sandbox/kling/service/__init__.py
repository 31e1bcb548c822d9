"""What Kling's platform does, without HTTP: endpoints and their rules, tasks, slots, units, callbacks."""
