"""Single-flight, retries, deadlines and the circuit breaker."""
