"""What monitoring asks for: /healthz, /readyz, /metrics."""
