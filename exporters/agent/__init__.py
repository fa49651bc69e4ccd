"""The agent of a node: reads its sources again and again, and shows what they last said.

agent.py puts the parts together. settings.py says what can be set, options.py where, names.py what may be meant by a
name that is not known. sampling.py reads one source on a thread of its own, crew.py keeps the threads, reading.py is
what one source said and snapshot.py what all did, telemetry.py tells how they do, pushing.py feeds sinks that are sent
to. web.py serves, site.py answers, connection.py sets limits; web_config.py, tls.py and passwords.py say who may ask.
log.py writes what people should know, clock.py is the time.
"""
