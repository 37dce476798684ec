"""The bytes of a file or of a stream, unpacked where they are compressed."""

from __future__ import annotations

import io
import os
import select
import stat
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from ..errors import ConfigurationError, InputError

AT_ONCE = 1 << 16
PACKED_AT_ONCE = 1 << 12
"""Packed bytes that are unpacked in one go: few, as they may become many."""
LOOK_UP = 0.2
"""Seconds after which the reading of a stream that says nothing looks whether it was closed."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Opened:
    """
    A file, or a stream such as standard input, that is read once.

    Attributes:
        path: its name, for messages.
        file: what its bytes, unpacked, are read from.
        size: of the file as it stands; 0 where that is not known.
        stamp: what tells whether the file has changed: device, inode, size, time.
        packed: whether it is compressed; its own first bytes say so.

    Args:
        path: the file to open; the name to show for a *stream*.
        stream: read instead of a file; it stays the caller's.
        copy: a file that all bytes of the stream are written to.
    """

    def __init__(
        self, path: str | os.PathLike[str], stream: BinaryIO | None = None, copy: str | None = None
    ) -> None:
        self.path: str = os.fspath(path)
        self.size: int = 0
        self.stamp: tuple[int, ...] = ()
        owned = stream is None
        if stream is None:
            stream = self._open()
            found = os.fstat(stream.fileno())
            self.size = found.st_size
            self.stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        self._raw = _Counted(stream, copy, owned=owned)
        plain = io.BufferedReader(self._raw, AT_ONCE)
        head = plain.peek(4)[:4]
        gzip = partial(zlib.decompressobj, 31)
        new = gzip if head.startswith(GZIP) else _zstd() if head == ZSTD else None
        self.packed: bool = new is not None
        self.file: io.BufferedReader[Any] = plain
        if new is not None:
            self.file = io.BufferedReader(_Unpacked(plain, new, self.path))

    def _open(self) -> BinaryIO:
        try:
            if not stat.S_ISREG(os.stat(self.path).st_mode):
                raise InputError("is not a regular file: copy it to one first", path=self.path)
            return open(self.path, "rb", buffering=0)
        except OSError as error:
            raise InputError(f"cannot be opened: {error.strerror}", path=self.path) from None

    @property
    def share(self) -> float:
        """How much of the file has been taken from the disk, from 0 to 1."""
        return min(1.0, self._raw.count / self.size) if self.size else 1.0

    def close(self) -> None:
        """Close a file, and let a stream be. Safe to call twice, and while another thread reads."""
        self._raw.leave()
        if self._raw.owned:
            self.file.close()
            self._raw.close()


class _Counted(io.RawIOBase):
    """Counts the bytes of a file or stream, and copies them; a wait for them ends when it is left."""

    def __init__(self, source: BinaryIO, copy: str | None, *, owned: bool) -> None:
        self.owned = owned
        self.count = 0
        self._source = source
        self._read: Callable[[int], bytes] = getattr(source, "read1", source.read)
        self._left = False
        self._copy = None if copy is None else open(copy, "xb", buffering=0)  # noqa: SIM115
        self._waits = not owned and _can_be_waited_for(source)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._waits and not select.select([self._source], [], [], LOOK_UP)[0]:
            if self._left:
                return 0
        found = self._read(len(buffer))
        buffer[: len(found)] = found
        self.count += len(found)
        if self._copy is not None:
            self._copy.write(found)
        return len(found)

    def leave(self) -> None:
        self._left = True
        if self._copy is not None:
            self._copy.close()

    def close(self) -> None:
        if self.owned:
            self._source.close()
        super().close()


def _can_be_waited_for(source: BinaryIO) -> bool:
    try:
        return bool(select.select([source], [], [], 0)) and os.name == "posix"
    except (OSError, ValueError, TypeError):
        return False


class _Unpacked(io.RawIOBase):
    """The bytes of a compressed file, of one frame after another; one that ends too soon is told."""

    def __init__(self, packed: io.BufferedReader[Any], new: Callable[[], Any], path: str) -> None:
        self._packed, self._new, self._path = packed, new, path
        self._unpack = new()
        self._fresh = True  # nothing of this frame was read
        self._rest = b""
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._rest or self._packed.read1(PACKED_AT_ONCE)
            if not chunk:
                if not self._fresh:
                    raise self._broken("ends in the middle of its compressed data")
                return 0
            self._ready = self._unpacked(chunk)
        found, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)

    def _unpacked(self, chunk: bytes) -> bytes:
        try:
            found: bytes = self._unpack.decompress(chunk)
        except Exception as error:  # noqa: BLE001 - zlib.error, ZstdError: only its kind matters
            raise self._broken(f"is damaged ({type(error).__name__})") from None
        self._rest = self._unpack.unused_data
        self._fresh = self._unpack.eof
        if self._unpack.eof:
            self._unpack = self._new()
        return found

    def _broken(self, what: str) -> InputError:
        return InputError(
            f"{what}: copy or download it again, or decompress it first", path=self._path
        )

    def close(self) -> None:
        self._packed.close()
        super().close()


def _zstd() -> Callable[[], Any]:
    try:
        import zstandard
    except ImportError:
        raise ConfigurationError(
            "reading Zstandard files needs zstandard: pip install 'gameball_async[zstd]', or "
            "decompress the file first"
        ) from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()


def bare_name(path: str) -> str:
    """The name of a file without the suffix of its compression."""
    stem, suffix = os.path.splitext(path)
    return stem if suffix.lower() in (".gz", ".zst") else path
