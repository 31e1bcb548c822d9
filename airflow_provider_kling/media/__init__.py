"""Video, image and audio files: downloaded safely, checked, probed, stored. Knows no Airflow."""
