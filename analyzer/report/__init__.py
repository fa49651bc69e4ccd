"""The report: figures of one ledger as typed values (model.py, build.py) and their renderings, one file each."""
