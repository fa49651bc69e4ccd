"""The demo week, made once for all tests of the simulation."""

from __future__ import annotations

import pytest

from exporters.simulation.fleet import Fleet, demo_fleet


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return demo_fleet()


@pytest.fixture(scope="session")
def morning() -> Fleet:
    """The first four hours alone, scraped often."""
    return demo_fleet(days=4 / 24, interval_seconds=30)
