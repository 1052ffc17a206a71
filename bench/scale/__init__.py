"""What a fleet would do: measured cost per request, planned scaling, a crowd. See docs/scale.md."""
