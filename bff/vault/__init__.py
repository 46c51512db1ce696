"""Vault or OpenBao: where a new gateway key goes, and nowhere else."""
