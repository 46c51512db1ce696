"""The HTTP edge: one file a resource; translates and decides nothing."""
