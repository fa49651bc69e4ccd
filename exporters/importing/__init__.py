"""Brings history into a store: folders of recorded pages, OpenMetrics text, VictoriaMetrics JSON lines.

inputs.py finds and recognises what was named; pages.py, text.py and vm_json.py read one kind each into batches;
importer.py writes the batches and tally.py says what came of it. Below them: lines.py (a file in whole lines),
columns.py (the fast way through text), labels.py (`--label`).
"""
