"""HTTP with the service: what is sent, when it is sent again, and what comes back. Knows no Airflow."""
