"""gpuyield's own exporters: what they publish already has its canonical name."""

from exporters.canonical import nodes
from exporters.upstream.declaration import Family, Upstream

family = Family(
    "gpuyield", "gpuyield's own exporters", (Upstream(nodes.node_shape_info.full_name, nodes.node_shape_info),)
)
