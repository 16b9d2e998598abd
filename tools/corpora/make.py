"""Copies the starter text to public/corpora and writes its manifest: python tools/corpora/make.py --starter DIR

Probes that stand in the training text are then left out of the shipped sets (tools/probes/make.mjs, which needs Node).
DIR holds `<channel>.train.txt` and `<channel>.eval.txt`. Licences and attribution are in attribution.json beside this file.
"""
import argparse
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
OUT = HERE.parent.parent / "public" / "corpora"


def count_documents(text: str, separator: str) -> int:
    """Same rule as src/core/text/documents.ts."""
    parts = re.split(r"\n{%d,}" % len(separator), text.replace("\r\n", "\n"))
    return sum(1 for part in parts if part.strip())


def part_of(data: bytes, separator: str, every: int, longest: int, size: int) -> bytes:
    """Every so-many-th document that is not long, until they have `size` bytes: a text that a short run reads many times over."""
    taken: list[str] = []
    for document in data.decode().strip().split(separator)[::every]:
        if len(document) <= longest and sum(len(one.encode()) for one in taken) <= size:
            taken.append(document)
    return (separator.join(taken) + "\n").encode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--starter", type=Path, required=True)
    starter = parser.parse_args().starter
    OUT.mkdir(parents=True, exist_ok=True)
    corpora = []
    for corpus in json.loads((HERE / "attribution.json").read_text(encoding="utf-8")):
        files = {"train": f"{corpus['id']}.train.txt", "heldOut": f"{corpus['id']}.eval.txt"}
        part = corpus.get("part")
        if part:
            whole = next(one for one in corpora if one["id"] == part["of"])
            files["heldOut"] = whole["heldOut"]
            corpus = {**corpus, "separator": whole["separator"], "licence": whole["licence"], "attribution": whole["attribution"]}
            text = (OUT / whole["train"]).read_bytes()
            (OUT / files["train"]).write_bytes(part_of(text, whole["separator"], part["every"], part["longest"], part["bytes"]))
        else:
            for name in files.values():
                shutil.copyfile(starter / name, OUT / name)
        read = {split: (OUT / name).read_bytes() for split, name in files.items()}
        corpora.append(
            {
                "id": corpus["id"],
                "role": corpus["role"],
                **files,
                "separator": corpus["separator"],
                "documents": {split: count_documents(data.decode(), corpus["separator"]) for split, data in read.items()},
                "bytes": {split: len(data) for split, data in read.items()},
                "sha256": {split: hashlib.sha256(data).hexdigest() for split, data in read.items()},
                "licence": corpus["licence"],
                "attribution": corpus["attribution"],
            }
        )
    text = json.dumps({"corpora": corpora}, ensure_ascii=False, indent=2)
    (OUT / "manifest.json").write_text(text + "\n", encoding="utf-8")
    subprocess.run(["node", HERE.parent / "probes" / "make.mjs"], check=True)


if __name__ == "__main__":
    main()
