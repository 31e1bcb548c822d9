"""What the sandbox does, without HTTP: models and their rules, tasks, limits, faults, uploads, prices."""
