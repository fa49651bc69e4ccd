"""Asks the kubelet which container holds which accelerator.

pod_resources.proto is what is said on its socket (generate.py makes the messages), client.py says it, device_ids.py
reads the ids that device plugins hand out, allocation.py adds up what each container holds.
"""
