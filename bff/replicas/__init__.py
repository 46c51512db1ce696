"""Several replicas: one reads Keeptrusts, all have its facts, by way of Redis or Valkey."""
