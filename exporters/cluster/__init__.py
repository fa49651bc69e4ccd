"""The cluster collector: nodes, what Karpenter buys, and the pods that hold accelerators, kept up to date by watches.

It only ever reads. Each kind of object is a source of its own, so that what one may not read costs that kind only.
"""
