"""A file as chunks of whole lines, plain or gzip, in bounded memory."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from exporters.source import SourceFailed

CHUNK_BYTES = 1 << 20  # fits the second-level cache; larger ones are slower
_GZIP_MAGIC = b"\x1f\x8b"


class Input:
    """An open file. A damaged gzip ends early instead of failing: `damage` then says how."""

    def __init__(self, path: Path) -> None:
        try:
            self._raw = path.open("rb")
            magic = self._raw.read(len(_GZIP_MAGIC))
            self._raw.seek(0)
        except OSError as error:
            raise unreadable(path, error) from error
        self._path = path
        self._file: io.BufferedReader | gzip.GzipFile = self._raw
        if magic == _GZIP_MAGIC:
            self._file = gzip.GzipFile(fileobj=self._raw)
        self.damage = ""

    def __enter__(self) -> Input:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._raw.close()

    @property
    def position(self) -> int:
        """How many bytes of the file on the disk were read, packed where it is packed."""
        return self._raw.tell()

    def read(self, size: int) -> bytes:
        """Up to `size` unpacked bytes, nothing at the end."""
        pieces: list[bytes] = []
        while size > 0 and not self.damage:
            try:
                piece = self._file.read1(size)  # unlike read() it keeps what came before the damage
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.damage = f"the gzip data is cut or damaged ({error})"
                break
            except OSError as error:
                raise unreadable(self._path, error) from error
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def whole_lines(self, longest: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The rest of the file in chunks that end at line ends; only the last may lack its own.

        Of a line longer than `longest` bytes the middle is left out: no reader takes it for a good one.
        """
        pending: list[bytes] = []
        held = 0
        while block := self.read(chunk_bytes):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield b"".join((*pending, block[:cut]))
                pending, held = [block[cut:]], len(block) - cut
            elif held <= longest:
                pending.append(block)
                held += len(block)
        if held:
            yield b"".join(pending)


def unreadable(path: Path, error: OSError) -> SourceFailed:
    """What is raised where the system refuses a file."""
    return SourceFailed(f"{path} cannot be read: {error.strerror or error}; check the path and its permissions")
