"""Durable jobs: what a served node does by itself, resumed after anything that stops it.

The engine is DBOS on a SQLite file of its own (`jobs/jobs.sqlite` in the node's folder). Nothing
else of the program knows it, and importing this package loads nothing of it.
"""
