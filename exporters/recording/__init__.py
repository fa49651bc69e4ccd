"""Scrapes targets into a store until told to stop.

targets.py says what to scrape, target_file.py reads it from a file, duration.py its times; access.py says how to ask.
fetch.py gets one page over HTTP, scrape.py makes samples of it, stale.py marks what went away. recorder.py runs one
thread per target, keeper.py holds what they bring until it is on the disk, compact.py merges what is there. status.py
counts, screen.py shows.
"""
