"""The command `gpuyield VERB`: picks the verb, hands over, prints errors, exits.

Exit codes: 0 done, 1 findings over --fail-on, 2 usage, 3 source unreachable, 4 invariant broken, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from gpuyield import __version__

EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: the module that owns it, and the line that `gpuyield --help` shows."""

    module: str
    summary: str


VERBS: dict[str, Verb] = {
    "demo": Verb("analyzer.commands.demo", "simulate a fleet for a week and report on it; needs nothing"),
    "advise": Verb("analyzer.commands.advise", "report where the accelerator dollars of a Prometheus or a store went"),
    "tradeoff": Verb("analyzer.commands.tradeoff", "find the load that keeps an SLO at the least dollars per token"),
    "publish": Verb("analyzer.commands.publish", "serve the ledger as counters, so that boards show the same dollars"),
    "rules": Verb("alerts.commands.rules", "write recording rules and alerts, or bring alarms into CloudWatch"),
    "boards": Verb("dashboards.commands.boards", "write Grafana boards and a CloudWatch dashboard, or put them up"),
    "doctor": Verb("analyzer.commands.doctor", "say which signals are there, what is blind, what to install next"),
    "prices": Verb("analyzer.commands.prices", "say what machines cost, why, and take the prices along"),
    "permissions": Verb("analyzer.commands.permissions", "print the least that AWS and Kubernetes must allow"),
    "import": Verb("exporters.commands.import_files", "bring recorded pages or exported series into a store"),
    "export": Verb("analyzer.commands.export", "serve the accelerators of this machine, or a cluster, as metrics"),
    "record": Verb("exporters.commands.record", "scrape targets into a store until Ctrl-C"),
}

_EXAMPLES = """examples:
  gpuyield demo
  gpuyield record --target http://10.0.1.7:9400/metrics --store ./store
  gpuyield import ./pages --store ./store --label namespace=chat --label pod=llama-0
  gpuyield advise --prometheus http://127.0.0.1:9090 --slo ttft=0.5 --slo tpot=0.05
  gpuyield advise --store ./store --since 24h
  gpuyield doctor --prometheus http://127.0.0.1:9090

`gpuyield VERB --help` tells more about one verb.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and gives its exit code; every expected error becomes one line on stderr."""
    words = list(sys.argv[1:] if argv is None else argv)
    verb = next((word for word in words if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="gpuyield",
        description="Where every accelerator dollar goes, how many useful tokens it buys, and what to change.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gpuyield {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, entry in VERBS.items():
        child = verbs.add_parser(
            name, help=entry.summary, description=entry.summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == verb:  # only the chosen verb is imported: --help answers at once
            importlib.import_module(entry.module).add_arguments(child)
    arguments = parser.parse_args(words)
    return _run(VERBS[arguments.verb], arguments)


def _run(verb: Verb, arguments: argparse.Namespace) -> int:
    from exporters.source import GpuyieldError

    try:
        code: int = importlib.import_module(verb.module).run(arguments)
        sys.stdout.flush()
        return code
    except GpuyieldError as error:
        print(f"gpuyield {arguments.verb}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"gpuyield {arguments.verb}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
