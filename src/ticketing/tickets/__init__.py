"""Issue, sign, draw and check tickets."""
