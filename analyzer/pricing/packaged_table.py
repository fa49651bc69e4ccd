"""The dated table that ships with the package, as a source of prices: the last resort."""

from __future__ import annotations

from analyzer.pricing.book import Answer
from analyzer.pricing.instances import TABLE_REGION, DatedTable
from analyzer.pricing.path import Resource, constant


class PackagedTable:
    """On-demand list prices of one region, which stand in for every other."""

    name = "packaged table"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """One price for all time, or nothing for a type that the table does not price."""
        price = DatedTable().price(resource.instance_type, resource.capacity_type, resource.region)
        if price is None:
            return None
        elsewhere = resource.region not in ("", TABLE_REGION)
        warning = f"{TABLE_REGION} list prices stand in for {resource.region}" if elsewhere else ""
        return Answer(self.name, constant(price), warning=warning)
