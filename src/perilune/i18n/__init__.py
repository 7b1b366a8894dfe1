"""The languages of the interface: gettext catalogues, and how each writes numbers and places."""
