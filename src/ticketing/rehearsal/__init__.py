"""Simulated people, over HTTP only: imports nothing of the product above base."""
