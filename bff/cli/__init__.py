"""The command `keeptrusts-bff`."""
