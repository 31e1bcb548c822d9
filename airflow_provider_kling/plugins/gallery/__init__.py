"""The gallery: a page of Airflow's API server that shows what was generated."""
