"""The ledger: every paid accelerator-second in exactly one state, summing to the bill (DESIGN section 6)."""
