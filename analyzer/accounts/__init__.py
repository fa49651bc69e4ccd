"""Closer looks at parts of the ledger: starts, failed nodes, unused hosts, energy, jobs, input against output."""
