"""What the service accepts, as data: one JSON file a model in ``models/``, and one checker that walks it."""
