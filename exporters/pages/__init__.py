"""Exposition pages: what targets show under /metrics, read and written.

parser.py reads a body into a page.py `Page`; render.py writes one. line.py knows one sample line by the letter,
comment.py the lines with `#`, number.py the figures, escape.py the backslashes. What makes a repeated scrape cheap:
series_cache.py (a series text is read once) and repeat.py (a line that did not change is not read at all).
"""
