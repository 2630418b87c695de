"""Readers of survey answers; each returns the contract table ``responses`` and an import report."""
