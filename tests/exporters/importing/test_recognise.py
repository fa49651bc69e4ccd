"""What a file is, by its first bytes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from exporters.importing.recognise import Kind, format_of, recognised
from exporters.pages.parser import Format


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a", '{"metric":{"__name__":"up"},"values":[1],"timestamps":[1]}', Kind.VM_JSONL),
        ("a", ' { "values" : [1]', Kind.VM_JSONL),
        ("a.om", '{"metric",a="b"} 1 1795363866', Kind.OPENMETRICS),
        ("a", "# TYPE a counter", Kind.OPENMETRICS),
        ("a", "# EOF", Kind.OPENMETRICS),
        ("a", "\n# a comment\nup 1 1795363866.5\r\n", Kind.OPENMETRICS),
        ("a", 'up{a="b"} NaN 1795363866 # {c="d"} 1 2', Kind.OPENMETRICS),
        ("a.om", "", Kind.OPENMETRICS),
        ("a.jsonl.gz", "", Kind.VM_JSONL),
        ("a.om", "It is a long story.\nup 1\n", None),
        ("a.jsonl", '{"type":"ADDED"}', None),
        ("a.jsonl", "[]", None),
    ],
)
def test_kind(tmp_path: Path, name: str, text: str, kind: Kind | None) -> None:
    file = tmp_path / name
    for body in (text.encode(), gzip.compress(text.encode())):
        file.write_bytes(body)
        assert recognised(file) is kind


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("# TYPE a gauge\na 1 1795363866052\n", Format.TEXT),
        ("a 1 1795363866\n", Format.OPENMETRICS),
        ("a 1\nb 5e3 1795363866.052\n", Format.OPENMETRICS),
        ("", Format.OPENMETRICS),
    ],
)
def test_unit_of_time(text: str, format_: Format) -> None:
    assert format_of(text.encode()) is format_
