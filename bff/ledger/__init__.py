"""The ledger: sums of events that are read from one feed, and their checksum against the wallets."""
