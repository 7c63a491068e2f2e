"""What is served over HTTP: routes that parse, call one function of the pipeline, and answer."""
