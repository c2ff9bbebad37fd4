"""How each clip comes out while the head is fitted, and why, in plain words."""
