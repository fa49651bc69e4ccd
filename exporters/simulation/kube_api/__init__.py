"""The simulated fleet as a Kubernetes API server: listings in pages and watches, over real HTTP on the loopback.

kind.py names what is served, server.py answers requests and watch.py writes watches. What they tell of is a cluster
(cluster.py): the demo fleet's story at a moving clock (story.py, with the objects of nodes.py, claims.py and pods.py),
or thousands of nodes that are written when they are asked for (crowd.py, template.py).
"""
