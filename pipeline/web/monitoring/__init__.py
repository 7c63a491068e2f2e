"""What monitoring asks: /healthz, /readyz, /metrics."""
