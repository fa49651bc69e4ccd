"""What an HTTP client here needs beside its library: gzip that notices a missing end, and reasons without secrets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx2

from exporters.source import SourceFailed


def unzipped(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The plain bytes; unlike a client's own decoder, says when the end is missing. `limit` bounds one step."""
    unzip = zlib.decompressobj(wbits=31)
    started = False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unzip.eof:
                    unzip = zlib.decompressobj(wbits=31)  # a gzip file may be several, one after the other
                started = True
                yield unzip.decompress(rest, limit + 1)
                rest = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
    except zlib.error:
        raise SourceFailed("a body that is not gzip as its header says") from None
    if started and not unzip.eof:
        raise SourceFailed("a cut gzip body")


def reason(error: Exception) -> str:
    """What went wrong, without any part of a URL or a header: both may hold secrets."""
    text = str(error)
    quotes_request = isinstance(error, httpx2.InvalidURL | httpx2.LocalProtocolError)
    is_safe = text and not set(text) & set("?@") and "://" not in text and not quotes_request
    return text if is_safe and "location" not in text.lower() else type(error).__name__
