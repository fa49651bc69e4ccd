"""The runbooks as pages, one for each file of rules: `python -m alerts.runbooks` writes them to `docs/runbooks/`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alerts.alarm import Alarm, Composite, Untold
from alerts.alert import Alert
from alerts.dialects.prometheus import duration
from alerts.rules import rules
from alerts.wording import docstring, headline
from analyzer.advice.thresholds import Thresholds, said
from analyzer.kpi.scope import Scope

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "runbooks"
INDEX = "README.md"


def pages() -> dict[str, str]:
    """Content by the name of the file."""
    found = {f"{topic}.md": _page(topic, alerts) for topic, alerts in rules().items()}
    return {INDEX: _index(), **found}


def _index() -> str:
    lines = [
        "# Runbooks",
        "",
        "What each alert means and what to do. These pages are made of `alerts/rules/` by `python -m alerts.runbooks`.",
        "",
        "| alert | severity | owner | what |",
        "|---|---|---|---|",
    ]
    for topic, alerts in rules().items():
        what = headline(topic)
        lines += [f"| [{one.name}]({topic}.md) | {one.severity} | {one.owner} | {what} |" for one in alerts]
    return "\n".join([*lines, ""])


def _page(topic: str, alerts: tuple[Alert, ...]) -> str:
    rest = docstring(topic).partition("\n\n")[2]
    paragraphs = "\n\n".join(_paragraphs(rest))
    body = "\n\n".join("\n".join(_section(alert)) for alert in alerts)
    return f"# {', '.join(one.name for one in alerts)}\n\n{headline(topic)}\n\n{paragraphs}\n\n{body}\n"


def _paragraphs(text: str) -> Iterator[str]:
    """Each thing that a runbook says, its heading in bold."""
    held = ""
    for line in text.splitlines():
        heading, colon, rest = line.partition(":")
        if colon and heading.startswith("What ") and line != held:
            if held:
                yield held
            held = f"**{heading}:**{rest}"
        else:
            held += f"\n{line}"
    yield held


def _section(alert: Alert) -> Iterator[str]:
    thresholds = Thresholds()
    yield f"## {alert.name}"
    yield ""
    yield f"{str(alert.severity).capitalize()}, for {alert.owner}; seen on the board `{alert.board}`."
    seconds = alert.lasts_seconds(thresholds)
    yield f"It goes off {f'after {duration(seconds)}' if seconds else 'at once'}. {alert.why}"
    if alert.limits:
        yield ""
        yield "| threshold | default | meaning | source |"
        yield "|---|---|---|---|"
    for name in alert.limits:
        words = said(name)
        yield f"| `{name}` | {getattr(thresholds, name):g} {words.unit} | {words.meaning} | {words.source} |"
    yield ""
    yield f"CloudWatch: {_cloudwatch(alert)}."
    yield ""
    yield "Over our own names alone it asks:"
    yield ""
    yield "```promql"
    yield alert.expr(Scope(has=_is_ours), thresholds)
    yield "```"


def _is_ours(name: str) -> bool:
    """With all names that a metric ever had, a query fills pages."""
    return name.startswith("gpuyield_")


def _cloudwatch(alert: Alert) -> str:
    match alert.alarm:
        case Untold(reason=reason):
            return f"no alarm, as {reason}"
        case Composite(parts=parts):
            return f"a composite alarm, without {next(iter(parts.values())).lost}"
        case Alarm(lost=lost):
            return f"an alarm, without {lost}" if lost else "an alarm that says the same"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in pages().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
