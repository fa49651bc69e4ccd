"""Counters: resets by series, first values, restarts that hide behind a larger value."""

from __future__ import annotations

import math

from tests.analyzer.conftest import START, Ledgers, Scene, every, grown

_PAGE = {"namespace": "ml", "pod": "vllm-0", "instance": "10.0.0.1:8000"}


def _tokens(scene: Scene, points: list[tuple[float, float]], engine: str = "0") -> Scene:
    return scene.add(
        "vllm:generation_tokens_total", [(START + t, v) for t, v in points], model_name="m", engine=engine, **_PAGE
    )


def _page(points: list[float], born: float | None = None) -> Scene:
    """A page that was answered at these times, of a process that started at `born`."""
    scene = Scene().add(
        "vllm:num_requests_running", [(START + t, 0.0) for t in points], model_name="m", engine="0", **_PAGE
    )
    if born is not None:
        scene.add("process_start_time_seconds", [(START + t, START + born) for t in points], **_PAGE)
    return scene


def test_resets_are_found_by_series(ledgers: Ledgers) -> None:
    scene = _page([10, 20], born=-90_000)
    _tokens(scene, [(10, 900), (20, 100)], "0")
    _tokens(scene, [(10, 100), (20, 1000)], "1")
    assert grown(ledgers(scene, START, START + 300)) == 1000


def test_a_first_value_is_a_starting_point(ledgers: Ledgers) -> None:
    scene = _tokens(_page([10, 20, 30], born=-90_000), [(10, 500), (20, 510), (30, 510)])
    assert grown(ledgers(scene, START, START + 300)) == 10


def test_a_first_value_without_any_birth_is_a_starting_point(ledgers: Ledgers) -> None:
    assert grown(ledgers(_tokens(_page([10, 20]), [(10, 500), (20, 510)]), START, START + 300)) == 10


def test_a_process_born_inside_counts_from_zero(ledgers: Ledgers) -> None:
    assert grown(ledgers(_tokens(_page([10, 20], born=5), [(10, 500), (20, 510)]), START, START + 300)) == 510


def test_a_series_that_its_page_lacked_before_counts_from_zero(ledgers: Ledgers) -> None:
    scene = _tokens(_page([10, 20, 30]), [(20, 500), (30, 510)])
    assert grown(ledgers(scene, START, START + 300)) == 510


def test_a_pod_born_inside_counts_from_zero(ledgers: Ledgers) -> None:
    scene = _tokens(_page([100, 110]), [(100, 500), (110, 510)])
    scene.add("kube_pod_created", [(START + 100, START + 50)], namespace="ml", pod="vllm-0", uid="u")
    assert grown(ledgers(scene, START, START + 300)) == 510


def test_a_restart_behind_a_larger_value(ledgers: Ledgers) -> None:
    scene = _page([0, 15, 30, 45])
    scene.add(
        "process_start_time_seconds",
        [(START + t, START + (-90_000 if t < 20 else 20)) for t in (0, 15, 30, 45)],
        **_PAGE,
    )
    _tokens(scene, [(0, 100), (15, 100), (30, 400), (45, 450)])
    ledger = ledgers(scene, START, START + 300)
    assert grown(ledger) == 450
    assert ledger.inputs.db.execute("SELECT hidden_seconds, most FROM generation_hidden").fetchall() == [(5.0, 0.0)]


def test_an_increment_belongs_to_the_cell_of_the_later_sample(ledgers: Ledgers) -> None:
    scene = _tokens(_page([290, 305], born=-90_000), [(290, 10), (305, 40)])
    ledger = ledgers(scene, START, START + 600)
    cells = dict(ledger.inputs.db.execute("SELECT cell, sum(amount) FROM generation_grown GROUP BY cell").fetchall())
    assert cells == {int(START * 1e6): 0, int((START + 300) * 1e6): 30}


def test_a_stale_marker_is_no_value(ledgers: Ledgers) -> None:
    scene = _tokens(_page([10, 20, 40], born=-90_000), [(10, 100), (20, 130), (30, math.nan), (40, 150)])
    assert grown(ledgers(scene, START, START + 300)) == 50


def test_nothing_is_extrapolated(ledgers: Ledgers) -> None:
    times = [at - START for at, _ in every(START + 60, START + 240, 15)]
    scene = _tokens(_page(times, born=-90_000), [(t, t * 2) for t in times])
    assert grown(ledgers(scene, START, START + 300)) == 360
