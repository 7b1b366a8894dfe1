"""Labels against the Schematrons that they name."""

from perilune.validation.schematron.engine import Failure, Schematrons

__all__ = ["Failure", "Schematrons"]
