"""Rows sorted by domain as Moore and Lewis (2010) do, by byte n-grams with Witten and Bell's interpolation in plain dictionaries.

    python e2e/parity/make_sorting_fixtures.py

A pile of known make-up: rows of the bundled domain text and of the bundled English, models of the held-out text of both.
Read by src/core/corpus/moore-lewis.test.ts.
"""

import json
import math
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDER = 6
ROWS = 150


class Model:
    def __init__(self, texts: list[bytes]) -> None:
        self.counts: Counter[bytes] = Counter()
        self.after: dict[bytes, Counter[int]] = defaultdict(Counter)
        for text in texts:
            ended = text + b"\0"
            for at in range(len(ended)):
                for order in range(ORDER):
                    if at >= order:
                        self.after[ended[at - order : at]][ended[at]] += 1

    def probability(self, context: bytes, byte: int) -> float:
        shorter = 1 / 256 if context == b"" else self.probability(context[1:], byte)
        seen = self.after.get(context)
        if not seen:
            return shorter
        return (seen[byte] + len(seen) * shorter) / (sum(seen.values()) + len(seen))

    def bits(self, text: bytes) -> float:
        return -sum(math.log2(self.probability(text[max(0, at - ORDER + 1) : at], text[at])) for at in range(len(text)))


def documents(name: str) -> list[bytes]:
    corpora = json.loads((ROOT / "public/corpora/manifest.json").read_text())["corpora"]
    corpus = next(corpus for corpus in corpora if corpus["id"] == name.split(".")[0])
    text = (ROOT / "public/corpora" / corpus[name.split(".")[1]]).read_text()
    return [part.strip("\n").encode() for part in text.split(corpus["separator"]) if part.strip()]


def main() -> None:
    small = [("banana band", "bandana"), ("heart 心脏", "lung 肺")]
    cases = []
    for learnt, text in [*small, ("", "abc")]:
        model = Model([learnt.encode()] if learnt else [])
        cases.append({"learnt": learnt, "text": text, "bits": model.bits(text.encode())})
    domain, general = Model(documents("domain.heldOut")), Model(documents("en.heldOut"))
    pile = [(row, True) for row in documents("domain.train")[:ROWS]] + [(row, False) for row in documents("en.train")[:ROWS]]
    scores = [(general.bits(row) - domain.bits(row)) / len(row) for row, _ in pile]
    above = [is_domain for (_, is_domain), score in zip(pile, scores) if score >= 0]
    fixture = {
        "cases": cases,
        "rows": ROWS,
        "scores": [round(score, 6) for score in scores],
        "atZero": {"above": len(above), "right": sum(above)},
    }
    (Path(__file__).parent / "fixtures" / "sorting.json").write_text(json.dumps(fixture, ensure_ascii=False) + "\n")
    print(fixture["atZero"], cases)


if __name__ == "__main__":
    main()
