"""Backstage: entities, groups and the identity of callers."""
