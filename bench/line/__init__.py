"""The waiting line, measured: `python -m bench line`."""
