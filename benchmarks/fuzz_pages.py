"""Mutates real pages and reads them: `python -m benchmarks.fuzz_pages --pages 1000000 --seed 1`.

Whatever the bytes, the parser must not raise, its columns must be equally long, and a parser that has read thousands of
other pages must answer like a fresh one, and so must two chunks. The first page that breaks this is printed, and the
exit status is 1.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from time import perf_counter

from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser
from exporters.series import Series

RECORDED = Path(__file__).parent.parent / "tests" / "recorded" / "vllm-0.32" / "page.prom"
LINES = 20
# What decides between one reading and another.
TOKENS = [
    *(b" ", b"  ", b"\t", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"#"),
    *(b"{", b"}", b'"', b"\\", b'\\"', b"\\n", b",", b"=", b"_", b"-", b"+", b".", b"e", b"0", b"1", b"5 ", b" 5"),
    *(b"NaN", b"+Inf", b"-inf", b"1_000", b"0x10", b"1e999", b"+nan", b" 1.5", b"# EOF\n", b"# TYPE ", b"# HELP "),
    *(b" 1000", b"_bucket"),
    *(b' # {a="b"} 1 2', b" # {", b'{"q.x"', b'"u v"="w",', b"{count:1,sum:2}", b'x="1",', b"{}", b"_total"),
]  # fmt: skip
SEEDS = [
    b'a{x="1"} 5 1000',
    b'a{x="y # {z",w="}, ="} 5',
    b'a_bucket{le="0.1"} 8 # {trace="t"} 0.05 1.5',
    b'{"my.metric","l l"="x"} NaN',
    b'up {cluster="c",exported_cluster="d"}  1 -5',
    b"a 5",
    b"a  5 ",
    b"# EOF",
    b"a_info{v=\"\\\\ \\n \\\"\"} 1",
]  # fmt: skip


def small_page(picked: random.Random, lines: list[bytes]) -> bytes:
    start = picked.randrange(max(len(lines) - LINES, 1))
    page = lines[start : start + LINES - 4] + picked.choices(SEEDS, k=4)
    if picked.random() < 0.3:
        picked.shuffle(page)
    return b"\n".join(page) + b"\n"


def mutated(picked: random.Random, page: bytes) -> bytes:
    for _ in range(picked.choice((0, 1, 1, 2, 3, 8))):
        at = picked.randrange(len(page) + 1)
        kind = picked.random()
        if kind < 0.5:
            page = page[:at] + picked.choice(TOKENS) + page[at:]
        elif kind < 0.7:
            page = page[:at] + page[at + picked.randrange(1, 9) :]
        elif kind < 0.8:
            page = page[:at] + picked.randbytes(1) + page[at + 1 :]
        elif kind < 0.9:
            page = page[:at] + page[picked.randrange(len(page) + 1) :][:60] + page[at:]
        else:
            page = page[:at]
    return page


def answer(page: Page) -> tuple[object, ...]:
    """Everything on the page, comparable: NaN as text."""
    return (
        [series.key for series in page.series],
        list(map(repr, page.values)),
        page.at,
        page.notes,
        page.types,
        page.helps,
        page.complete,
    )


def fault(body: bytes, warm: PageParser, format: Format, extra: dict[str, str]) -> str | None:  # noqa: A002
    """What is wrong with the way this page is read."""
    try:
        once = warm.parse(body, 7.0, format)
        again = warm.parse(body, 7.0, format)
        fresh = PageParser(extra).parse(body, 7.0, format)
    except Exception as error:  # noqa: BLE001  any exception at all is the finding
        return f"raised {error!r}"
    if not len(once.series) == len(once.values) == len(once.at):
        return f"{len(once.series)} series, {len(once.values)} values, {len(once.at)} times"
    for name, other in (("a second reading", again), ("a fresh parser", fresh)):
        if answer(once) != answer(other):
            return f"{name} differs:\n{once}\n{other}"
    if "duplicate" not in {note.kind for note in once.notes} and (differs := _in_chunks(body, once, format, extra)):
        return differs
    if any(Series.of(one.name, one.labels) != one for one in once.series):
        return "a series with a key or an order of its own"
    return None


def _in_chunks(body: bytes, once: Page, format: Format, extra: dict[str, str]) -> str | None:  # noqa: A002
    """Two chunks of whole lines must say what the page says; only the missing `# EOF` is not theirs to note."""
    middle = body.find(b"\n", len(body) // 2) + 1
    parser = PageParser(extra)
    chunks = [parser.lines(chunk, 7.0, format) for chunk in (body[:middle], body[middle:])]
    keys = [series.key for chunk in chunks for series in chunk.series]
    values = [repr(value) for chunk in chunks for value in chunk.values]
    if keys != [series.key for series in once.series] or values != list(map(repr, once.values)):
        return f"chunks differ:\n{once}\n{chunks}"
    if chunks[-1].types != once.types or chunks[-1].complete != once.complete:
        return f"types or completeness differ in chunks:\n{once}\n{chunks}"
    return None


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    picked = random.Random(chosen.seed)
    lines = RECORDED.read_bytes().splitlines()
    extra = {"cluster": "c1"}
    warm = PageParser(extra, series_kept=500)
    start = perf_counter()
    page = small_page(picked, lines)
    for count in range(1, chosen.pages + 1):
        page = small_page(picked, lines) if picked.random() < 0.5 or len(page) > 20_000 else page
        page = mutated(picked, page)
        found = fault(page, warm, picked.choice(list(Format)), extra)
        if found:
            print(f"page {count} of seed {chosen.seed}: {found}\n{page!r}")
            return 1
        if count % 50_000 == 0:
            print(f"{count:,} pages, {perf_counter() - start:,.0f} s", flush=True)
    print(f"{chosen.pages:,} pages, {perf_counter() - start:,.0f} s, nothing found")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
