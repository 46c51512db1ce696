"""The database: its tables, how it is opened and changed, and the lease of the one process that reads Keeptrusts."""
