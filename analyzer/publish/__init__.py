"""The ledger as counters: each closed cell is added once, kept in a file, and told to Prometheus and to sinks.

closed.py says which cells are closed, amounts.py what each of them adds, totals.py adds it up so that no counter ever
falls, state.py keeps the sums across restarts. newest.py holds what is told of the newest cell alone, findings.py what
the advisor's findings cost, telling.py makes samples of it all, publisher.py is one pass from the store to the page,
serving.py makes passes until it is stopped.

What a cell is in can depend on what was known when it was computed: whether free devices are too few for the usual
request (`free-fragmented`) is judged by the requests seen until then, so a later report may call them `free`.

Amounts are whole billionths (of a second, a dollar, a token): sums are exact in any order, so adding a cell, taking it
out again and adding it anew leaves nothing behind, and what is told differs from the report by rounding only.
"""
