"""The gateway protocol, its providers and the append-only ledger of money."""
