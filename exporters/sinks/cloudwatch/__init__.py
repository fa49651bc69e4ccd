"""Amazon CloudWatch: our samples as its metrics, through its logs (embedded metric format) or through PutMetricData.

    samples -> periods.py -> own_names.py or container_insights.py -> budget.py -> emf.py or metric_data.py -> batches
               one value       name, unit, dimensions                 within a      requests within limits.py
               per minute                                             number of
                                                                      series

measure.py is what travels between them, facts.py what must be known of devices and pods; encoder.py puts the parts
together. put_events.py and put_data.py send, client.py makes boto3's clients, answers.py reads their errors.
baselines.py remembers where counters stood. traffic.py counts what is sent, and cost.py says what that costs, by
prices.yaml. documented.py writes the tables of the guide.
"""
