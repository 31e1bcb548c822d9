"""The hook: an Airflow connection, and what can be done with it."""
