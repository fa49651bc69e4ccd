"""A prefill / decode pair: tokens count once, prompt tokens where they were computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.ledger.ledger import compute_ledger
from analyzer.pricing.instances import DatedTable
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.series import Series
from exporters.store.writer import StoreWriter

START = 1_794_268_800.0


def _tokens(path: Path, by_source: bool, roles: bool = True) -> dict[str, float]:
    """(prompt, cached, generation) seen: 1,000 prompt tokens prefilled, 900 of them sent over, 500 generated."""
    engines = {
        "prefill": {
            "prompt_tokens_total": 1_000.0,
            "prompt_tokens_cached_total": 200.0,
            "generation_tokens_total": 10.0,
        },
        "decode": {
            "prompt_tokens_total": 1_000.0,
            "prompt_tokens_cached_total": 900.0,
            "generation_tokens_total": 500.0,
        },
    }
    with StoreWriter(path) as writer:
        for number in range(5):
            at = START + 60 * number
            samples: dict[Series, float] = {}
            for role, counters in engines.items():
                pod = [("namespace", "chat"), ("pod", f"llm-{role}")]
                engine = [*pod, ("model_name", "m"), ("engine", "0"), ("instance", f"{role}:8000")]
                if roles:
                    samples[Series.of("kube_pod_labels", [*pod, ("label_llm_d_ai_role", role)])] = 1.0
                samples[Series.of("vllm:num_requests_running", engine)] = 1.0
                for name, value in counters.items():
                    samples[Series.of(f"vllm:{name}", engine)] = value * number / 4
                if by_source and role == "decode":
                    source = ("source", "external_kv_transfer")
                    samples[Series.of("vllm:prompt_tokens_by_source_total", [*engine, source])] = 900.0 * number / 4
            writer.add(list(samples), list(samples.values()), [at] * len(samples))
    db = compute_ledger(ParquetStore(path), Window.of_seconds(START, START + 300), DatedTable()).inputs.db
    return {
        table: float(db.execute(f"SELECT sum(amount) FROM {table}_grown").fetchall()[0][0])
        for table in ("prompt", "prompt_cached", "generation")
    }


def test_what_was_sent_over_counts_at_the_prefill_pod_only(tmp_path: Path) -> None:
    assert _tokens(tmp_path, by_source=True) == {"prompt": 1_100.0, "prompt_cached": 200.0, "generation": 500.0}


def test_an_engine_that_does_not_tell_the_source_got_all_of_it_sent_over(tmp_path: Path) -> None:
    assert _tokens(tmp_path, by_source=False) == {"prompt": 1_000.0, "prompt_cached": 200.0, "generation": 500.0}


@pytest.mark.parametrize("by_source", [True, False])
def test_without_roles_nothing_is_taken_out(tmp_path: Path, by_source: bool) -> None:
    """A connector (LMCache) reports transfers too; only the role says that another pod counts the same prompt."""
    found = _tokens(tmp_path, by_source, roles=False)
    assert found == {"prompt": 2_000.0, "prompt_cached": 1_100.0, "generation": 510.0}
