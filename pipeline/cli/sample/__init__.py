"""The sample blog that `rapport demo` runs the whole job on."""
