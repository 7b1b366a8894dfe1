"""All there is about a place of interest: what covers it, how it is lit, how steep it is.

`place` is the circle asked for, `sky` Sun and Earth above it, `ground` its terrain and light,
`archive` the products that cover it, `profile` thresholds of missions, `dossier` all together.
"""
