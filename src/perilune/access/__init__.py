"""ACCESS: finding, reading and taking out what the archive keeps, for those who may."""
