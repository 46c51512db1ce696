"""What is spent: the sums of events, read from one feed, and their checksum against the wallets."""
