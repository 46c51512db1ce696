"""Spend reports of entities, by day and by model."""
