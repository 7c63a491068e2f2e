"""Who receives letters, and the proof that they asked for them. It imports nothing of pipeline/."""
