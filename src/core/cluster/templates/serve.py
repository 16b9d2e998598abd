# SPDX-License-Identifier: Apache-2.0
"""Serves the log of a run to the studio's page, which follows it while it is written: ranges of files, for other origins too.

python serve.py                      http://127.0.0.1:8765/metrics.jsonl
ssh -L 8765:localhost:8765 cluster   the same address on the computer with the browser
"""

from __future__ import annotations

import argparse
import re
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent
# What a log consists of: weights and texts are not given away.
GIVEN = (".jsonl", ".json", ".csv")
PIECE = 1 << 20


class Files(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, folder: Path, origin: str) -> None:
        self.folder, self.origin = folder, origin
        super().__init__(*args)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", self.origin)
        self.send_header("Access-Control-Allow-Headers", "Range")
        self.send_header("Access-Control-Expose-Headers", "Content-Range, ETag")
        self.send_header("Access-Control-Allow-Private-Network", "true")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def nothing(self, status: HTTPStatus, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_OPTIONS(self) -> None:
        self.nothing(HTTPStatus.NO_CONTENT)

    def do_HEAD(self) -> None:
        self.give(body=False)

    def do_GET(self) -> None:
        self.give(body=True)

    def give(self, body: bool) -> None:
        path = (self.folder / unquote(urlsplit(self.path).path).lstrip("/")).resolve()
        known = path.is_relative_to(self.folder) and (path.suffix in GIVEN or "tfevents" in path.name)
        if not known or not path.is_file():
            return self.nothing(HTTPStatus.NOT_FOUND)
        with path.open("rb") as file:
            # The size as it is now: a file that is written to has another a moment later.
            size = file.seek(0, 2)
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            first = int(asked[1]) if asked else 0
            last = min(size, int(asked[2]) + 1) if asked and asked[2] else size
            if asked and first >= size:
                return self.nothing(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}")
            self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last - 1}/{size}")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(last - first))
            self.send_header("ETag", f'"{size}-{path.stat().st_mtime_ns}"')
            self.end_headers()
            file.seek(first)
            rest = last - first if body else 0
            while rest > 0 and (piece := file.read(min(PIECE, rest))):
                self.wfile.write(piece)
                rest -= len(piece)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the log of a run.")
    parser.add_argument("--folder", type=Path, default=ROOT / "run")
    parser.add_argument("--host", default="127.0.0.1", help="who may reach it; 0.0.0.0: everybody in the network")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--origin", default="*", help="the page that may read it, as https://studio.example")
    args = parser.parse_args()
    handler = partial(Files, folder=args.folder.resolve(), origin=args.origin)
    with ThreadingHTTPServer((args.host, args.port), handler) as server:
        print(f"http://{args.host}:{args.port}/metrics.jsonl of {args.folder}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
