"""What Airflow's API server loads."""
