"""Orders: what a node does only where two persons said so, and who those persons are."""
