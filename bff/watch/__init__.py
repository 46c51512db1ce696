"""The watch: which entities there are, what is wrong with them, and who is notified of it."""
