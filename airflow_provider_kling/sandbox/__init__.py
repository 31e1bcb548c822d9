"""A local stand-in for the Modellix service: the same API, real videos and pictures, no bill.

Start it with ``python -m airflow_provider_kling.sandbox`` (or ``kling-sandbox``). It shares no code with the
client of this package, so that each checks the other. ``docs/sandbox.md`` says what is simulated.
"""
