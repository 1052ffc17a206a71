"""What promoters and operators see and repair."""
