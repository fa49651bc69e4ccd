"""What comes over the wire: lines in any pieces, and answers that are no answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.cluster.api import Api, _lines
from exporters.cluster.kinds import CLAIMS, NODES, PODS, REPLICASETS
from exporters.cluster.resource import ChangeKind, Expired, Reader
from exporters.kubernetes.kubeconfig import ApiServer
from exporters.source import SourceFailed
from tests.exporters.cluster.conftest import Cluster, Recording, named


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and line.strip() == line)), st.data())
def test_lines_are_whole_however_they_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines) + data.draw(st.sampled_from([b"", b'{"type":"ADD']))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert list(_lines(iter(pieces))) == lines


def test_a_recorded_watch_is_read_line_by_line(recording: Recording) -> None:
    reader = Reader(CLAIMS)
    changes = [reader.change(line) for _, line in recording.lines("nodeclaims")]
    kinds = [change.kind for change in changes]
    assert (kinds.count(ChangeKind.ADDED), kinds.count(ChangeKind.DELETED), kinds.count(None)) == (19, 19, 26)
    versions = [int(change.version) for change in changes]
    assert versions == sorted(versions)


def test_a_recorded_token_that_expired_is_told_apart(cluster: Cluster, recording: Recording) -> None:
    cluster.api.raw_lists[PODS.path].append(recording.raw("30"))
    with pytest.raises(Expired):
        cluster.client.page(Reader(PODS), 3, "old")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"items":[]}', b'{"metadata":{},"items":[{"a":1}]}', b"\xff"]
)
def test_what_is_no_listing_is_refused(cluster: Cluster, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    cluster.api.raw_lists[NODES.path].append(head + body)
    with pytest.raises(SourceFailed, match="has not the shape of the API"):
        cluster.client.page(Reader(NODES), 3)


def test_of_replicasets_only_the_metadata_is_asked_for() -> None:
    assert REPLICASETS.accept(is_list=True).startswith("application/json;as=PartialObjectMetadataList;")
    assert REPLICASETS.accept(is_list=False).startswith("application/json;as=PartialObjectMetadata;")
    assert NODES.accept(is_list=True) == "application/json"


@pytest.fixture
def nowhere() -> Iterator[Api]:
    api = Api(ApiServer("http://user:hunter2@127.0.0.1:9", "gone", "default", None, None))
    yield api
    api.close()


def test_no_secret_is_told_where_the_server_is_gone(nowhere: Api) -> None:
    with pytest.raises(SourceFailed, match=r"127\.0\.0\.1:9 \(context gone\) cannot be reached") as caught:
        nowhere.page(Reader(NODES), 3)
    assert "hunter2" not in str(caught.value)


def test_a_redirect_is_not_followed(cluster: Cluster) -> None:
    """It could carry the token elsewhere."""
    cluster.api.raw_lists[NODES.path].append(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    )
    cluster.world.put(NODES.path, named("a"))
    with pytest.raises(SourceFailed, match="status 302"):
        cluster.client.page(Reader(NODES), 3)
