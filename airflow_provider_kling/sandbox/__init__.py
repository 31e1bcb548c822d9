"""A local sandbox for Modellix and for Kling's own platform: the same API, real files, no bill.

Start it with ``python -m airflow_provider_kling.sandbox`` (or ``kling-sandbox``), or in tests with
:class:`airflow_provider_kling.sandbox.testing.process.SandboxProcess`. It shares no code with the client in
this package, so that each checks the other. ``docs/sandbox.md`` describes what is simulated.
"""
