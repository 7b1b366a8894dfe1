"""A mission that has not flown, written as its team would deliver it.

Luna-26 is planned for 2028. What is written here is a valid PDS4 bundle of a synthetic
surface, called simulated in its identifiers, titles, keywords and documents, so
that nobody takes it for data.
"""

from perilune.mission.simulate.bundle import Truth, write_bundle
from perilune.mission.simulate.change7 import write_change7
from perilune.mission.simulate.landing import write_landing_sites

__all__ = ["Truth", "write_bundle", "write_change7", "write_landing_sites"]
