"""What is spent: the ledger of events, its checksum against the wallets, and the reports that are made from it."""
