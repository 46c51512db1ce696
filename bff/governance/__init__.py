"""The decisions: claims, budgets, pace and findings. Pure values in, pure values out; no I/O, no clock, no settings."""
