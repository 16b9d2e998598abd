"""Which part of a text each token covers, by Hugging Face's tokenizers: python e2e/parity/make_tokenizer_span_fixtures.py

Reads the tokenizers of fixtures/tokenizers (make_tokenizer_pipeline_fixtures.py), writes fixtures/tokenizer-spans.json beside this
file. Offsets are in code points of the text.
"""
import json
from pathlib import Path

from tokenizers import Tokenizer

FIXTURES = Path(__file__).parent / "fixtures"
TEXTS = [
    "The patient was treated with acetylsalicylic acid.",
    "  Two  blanks,\n\na line break and a\ttab ",
    "患者出现发热、咳嗽，诊断为肺炎。",
    "Naïve café in Zürich, 37.4 °C, 5\u00a0mg",
    "龘 and 👩‍⚕️ are rare",
    "def mean(values):\n    return sum(values) / len(values)",
    "",
]

kinds = []
for path in sorted((FIXTURES / "tokenizers").glob("*.json")):
    tokenizer = Tokenizer.from_file(str(path))
    strings = []
    for text in TEXTS:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        strings.append({"ids": encoding.ids, "offsets": encoding.offsets})
    kinds.append({"name": path.stem, "strings": strings})
out = FIXTURES / "tokenizer-spans.json"
out.write_text(json.dumps({"texts": TEXTS, "kinds": kinds}, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
print(out, out.stat().st_size)
