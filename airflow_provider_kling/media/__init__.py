"""Video and image files: fetching them safely. Knows no Airflow."""
