"""The guide says what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from analyzer.commands.permissions import calls_for
from analyzer.permissions.iam import policy
from analyzer.permissions.source_tree import modules
from exporters.sinks.cloudwatch.documented import BLOCKS, renewed
from exporters.sinks.cloudwatch.encoder import FIRST, NO_NUMBER, NOT_MAPPED, OVER_BUDGET, REPEATED
from exporters.sinks.cloudwatch.put_events import EXPIRED, TOO_NEW, TOO_OLD
from exporters.sinks.delivery import spool
from exporters.sinks.delivery.tally import KILLED

PAGE = (Path(__file__).parents[4] / "docs" / "cloudwatch.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_program() -> None:
    assert all(f"<!-- {name} -->" in PAGE for name in BLOCKS)
    assert renewed(PAGE) == PAGE, "python -m exporters.sinks.cloudwatch.documented docs/cloudwatch.md renews them"


def test_the_policy_is_what_permissions_prints() -> None:
    block = re.search(r"<!-- policy -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    assert json.loads(block[1]) == policy(calls_for("cloudwatch", modules())).document


def test_every_end_of_a_sample_is_explained() -> None:
    ends = {FIRST, NO_NUMBER, NOT_MAPPED, OVER_BUDGET, REPEATED, EXPIRED, TOO_NEW, TOO_OLD, KILLED, "refused", "fault"}
    ends |= {spool.FULL, spool.EXPIRED, spool.UNREADABLE, "accepted"}
    assert all(f"`{end}`" in PAGE for end in ends)
