"""What can be read on a node, one module or package per kind of thing; each exposes `make_roster(settings)`."""
