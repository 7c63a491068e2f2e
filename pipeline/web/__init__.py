"""What is served over HTTP: thin doors onto the pipeline."""
