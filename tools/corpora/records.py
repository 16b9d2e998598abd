"""Instruction pairs, preferences and labelled texts by rule from the bundled text (definitions and poems to questions):
python tools/corpora/records.py writes them to public/corpora and into its manifest. Licences are those of the texts they are made of."""
import hashlib
import json
import random
import re
from pathlib import Path

OUT = Path(__file__).parent.parent.parent / "public" / "corpora"
LABELS = ("law", "medicine", "poetry")


def definitions(name: str, longest: int = 220) -> list[tuple[str, str]]:
    """Lines "term: definition" of a text, each term once."""
    found: dict[str, str] = {}
    for line in (OUT / f"{name}.train.txt").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([A-Za-z][A-Za-z ,'-]{2,48}): ([^:]{20,%d})" % longest, line.strip())
        if match:
            found.setdefault(match[1], match[2].rstrip(". ") + ".")
    return list(found.items())


def poems() -> list[tuple[str, str, str, str]]:
    """Title, author, first and second line of poems."""
    found: dict[str, tuple[str, str, str, str]] = {}
    for document in (OUT / "zh.train.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = document.strip().split("\n")
        match = re.fullmatch(r"《(.{2,12})》(?:（.）)?([^（）《》，。]{2,4})", lines[0])
        if match and len(lines) > 2 and all(6 <= len(line) <= 40 for line in lines[1:3]):
            found.setdefault(match[1], (match[1], match[2], lines[1], lines[2]))
    return list(found.values())


ASK = ("What is {}?", "Define: {}", "Explain the term “{}”.", "“{}”是什么意思？")


def message(role: str, content: str) -> dict:
    return {"role": role, "content": content}


def conversations(draw: random.Random) -> list[dict]:
    rows = []
    for at, (term, meaning) in enumerate(draw.sample(definitions("domain"), 1400)):
        answer = f"{term}: {meaning}"
        rows.append({"messages": [message("user", ASK[at % len(ASK)].format(term)), message("assistant", answer)]})
    for title, author, first, second in draw.sample(poems(), 500):
        turns = [message("user", f"《{title}》的作者是谁？"), message("assistant", f"《{title}》的作者是{author}。")]
        rows.append({"messages": [*turns, message("user", f"“{first}”的下一句是什么？"), message("assistant", second)]})
    return rows


def preferences(draw: random.Random) -> list[dict]:
    """The right answer before that of another question."""
    rows = []
    known = draw.sample(definitions("domain"), 500)
    for at, (term, meaning) in enumerate(known):
        other = known[(at + 1) % len(known)][1]
        asked = [message("user", ASK[at % len(ASK)].format(term))]
        rows.append({"prompt": asked, "chosen": [message("assistant", f"{term}: {meaning}")], "rejected": [message("assistant", f"{term}: {other}")]})
    written = draw.sample(poems(), 300)
    for title, author, _, _ in written:
        other = draw.choice([one[1] for one in written if one[1] != author])
        answers = [[message("assistant", f"《{title}》的作者是{name}。")] for name in (author, other)]
        rows.append({"prompt": [message("user", f"《{title}》的作者是谁？")], "chosen": answers[0], "rejected": answers[1]})
    return rows


def labelled(draw: random.Random) -> list[dict]:
    law = [{"text": meaning, "label": "law"} for _, meaning in definitions("domain-legal", 300)]
    medicine = [{"text": meaning, "label": "medicine"} for _, meaning in definitions("domain")]
    poetry = [{"text": first + second, "label": "poetry"} for _, _, first, second in poems()]
    most = min(400, len(law), len(medicine), len(poetry))
    return [row for rows in (law, medicine, poetry) for row in draw.sample(rows, most)]


SETS = (
    ("domain-instructions", "conversations", conversations, ("domain", "zh")),
    ("domain-preferences", "preferences", preferences, ("domain", "zh")),
    ("domain-labels", "labelled", labelled, ("domain", "domain-legal", "zh")),
)


def asked() -> list[str]:
    """What shipped probes ask, which no training text may answer."""
    files = sorted((OUT.parent / "probes").glob("*.jsonl"))
    items = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [item["prompt"] for item in items if "prompt" in item]


def main() -> None:
    path = OUT / "manifest.json"
    probes = asked()
    manifest = json.loads(path.read_text(encoding="utf-8"))
    known = {corpus["id"]: corpus for corpus in manifest["corpora"]}
    for name, kind, make, sources in SETS:
        draw = random.Random(name)
        rows = make(draw)
        draw.shuffle(rows)
        unique = list(dict.fromkeys(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows))
        unique = [row for row in unique if not any(json.dumps(prompt, ensure_ascii=False)[1:-1] in row for prompt in probes)]
        splits = {"train": [row for at, row in enumerate(unique) if at % 10], "heldOut": unique[::10]}
        files = {"train": f"{name}.train.txt", "heldOut": f"{name}.eval.txt"}
        data = {split: ("\n\n".join(rows) + "\n").encode() for split, rows in splits.items()}
        for split, content in data.items():
            (OUT / files[split]).write_bytes(content)
        attribution = {json.dumps(one): one for source in sources for one in known[source]["attribution"]}
        known[name] = {
            "id": name,
            "role": "domain",
            "kind": kind,
            **({"labels": list(LABELS)} if kind == "labelled" else {}),
            **files,
            "separator": "\n\n",
            "documents": {split: len(rows) for split, rows in splits.items()},
            "bytes": {split: len(content) for split, content in data.items()},
            "sha256": {split: hashlib.sha256(content).hexdigest() for split, content in data.items()},
            "licence": "; ".join(dict.fromkeys(known[source]["licence"] for source in sources)),
            "attribution": list(attribution.values()),
        }
    manifest["corpora"] = list(known.values())
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
