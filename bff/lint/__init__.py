"""Checks of catalog files, for what Backstage's own validators let through: pure but for reading the files."""
