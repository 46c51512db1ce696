"""An embedded stand-in for Keeptrusts, for the demo and for tests; never started by `serve`."""
