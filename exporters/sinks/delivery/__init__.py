"""Brings samples to a service that throttles, fails and hangs, and can say of each one what became of it.

    samples -> Encoder -> Batch -> Spool -> Transport
                 |                  |          |
               dropped           dropped    accepted, or rejected with a reason

batch.py is what travels and what a service can answer. tally.py counts: offered = accepted + dropped by reason + what
is still on the way, always. spool.py keeps batches in order, in memory first and then in the files of segments.py;
state.py remembers, through a kill, how far they were sent. delivery.py puts the parts together, backoff.py says when to
try again, and keeping_sink.py runs it on a thread.
"""
