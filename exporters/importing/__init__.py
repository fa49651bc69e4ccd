"""Brings history into a store: folders of recorded pages, OpenMetrics text, VictoriaMetrics JSON lines.

inputs.py finds what was named and recognise.py tells its kind; pages.py, text.py and vm_json.py read one kind each into
batches (batch.py); importer.py writes them and tally.py says what came of it. Below them: lines.py (a file in whole
lines), columns.py (the fast way through text) with whole_series.py (what it may take), labels.py (`--label`).
"""
