"""Builders, contract suites and parts to test with: imported by nothing that ships."""
