"""Keeptrusts as this project understands it: contract, client, and what is kept of it in memory."""
