"""NVIDIA's management library without the hardware: the functions of the module `pynvml`, answered from a script.

machine.py says which cards a node has and what befalls them, cards.py knows the models, work.py is what a card does
over time. library.py answers as the real library does, with its own types and errors; opening.py is what may go wrong
with any call, meter.py works out what the counters stand at, activity.py is GPM, events.py hands out faults.
"""
