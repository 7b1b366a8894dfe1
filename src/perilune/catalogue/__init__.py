"""DATA MANAGEMENT: what, where, when."""
