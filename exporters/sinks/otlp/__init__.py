"""Sends samples to any OpenTelemetry receiver, over HTTP or gRPC, and to CloudWatch's.

    samples -> streams.py, histograms.py -> names.py -> encoder.py -> requests -> http.py or grpc.py -> answers.py
               since when it counts,        what it     within the                signed by sigv4.py
               buckets together             is called   bounds                    where it is AWS

opening.py makes the way there by what was asked for and what environment.py and resource.py find; cost.py says what
CloudWatch charges; sink.py puts all together. The data model and its encoding are OpenTelemetry's own. Its exporters
are not used: as of 1.45 they take an answer that rejects points for success and lose what is throttled, so that nobody
could say what became of a sample.
"""
