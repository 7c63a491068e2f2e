"""Who receives, and the proof that they asked to. Imports nothing of pipeline/."""
