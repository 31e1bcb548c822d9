"""What Modellix does, without HTTP: models and their rules, tasks, limits, uploads, prices."""
