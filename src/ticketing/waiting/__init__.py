"""The waiting line: join, draw, admission, pass."""
