"""Archives as Python's zipfile writes them, for workers/archive/zip-reader.test.ts: 64-bit fields, comments, folders, a stream.

    python e2e/parity/make_zip_fixtures.py

Needs nothing beyond Python's standard library.
"""
import io
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "fixtures" / "zip"
WHEN = (2026, 1, 2, 3, 4, 6)


class Forward(io.RawIOBase):
    """A file that cannot seek: sizes then come behind the data, and the local headers have none."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.bytes += data
        return len(data)


def entry(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = method
    return info


def write(file, force_zip64: bool) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = b"made by Python"
        archive.writestr(entry("model/", zipfile.ZIP_STORED), b"")
        for name, method in [("model/config.json", zipfile.ZIP_DEFLATED), ("model/weights.bin", zipfile.ZIP_STORED)]:
            with archive.open(entry(name, method), "w", force_zip64=force_zip64) as target:
                target.write(name.encode() * 20)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "plain.zip", "wb") as file:
        write(file, False)
    stream = Forward()
    write(stream, False)
    (FOLDER / "stream.zip").write_bytes(stream.bytes)
    # Limits of 32 bits lowered to nothing, so that a small archive has the records of a large one.
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 10, 1
    with open(FOLDER / "wide.zip", "wb") as file:
        write(file, True)


if __name__ == "__main__":
    main()
