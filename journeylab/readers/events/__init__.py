"""Readers of what customers did; each returns the contract table ``events`` and an import report."""
