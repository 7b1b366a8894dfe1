"""Tamper evidence: the node's append-only log of acts, and proofs that anyone can check."""
