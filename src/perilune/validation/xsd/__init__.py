"""Labels against the XML Schemas that they name."""

from perilune.validation.xsd.faults import Fault
from perilune.validation.xsd.grammar import XsdGrammar, XsdSet

__all__ = ["Fault", "XsdGrammar", "XsdSet"]
