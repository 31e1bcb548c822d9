"""HTTP with a service: clients, retries, rate limits, and the types of messages. Knows no Airflow."""
