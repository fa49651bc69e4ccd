"""What it means: stores are read into frames, frames become the ledger, the ledger becomes figures and reports."""
