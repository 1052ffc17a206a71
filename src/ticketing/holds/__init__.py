"""Who has which seat for the next minutes."""
