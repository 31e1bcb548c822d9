"""Video and image files: fetched safely, looked into, joined. Knows no Airflow."""
