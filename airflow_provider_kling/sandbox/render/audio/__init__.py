"""Makes the sounds of audio results."""
