"""Tools with no ticket word in them: stores, queues, clocks, ids, tokens, errors."""
