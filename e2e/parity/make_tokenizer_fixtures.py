"""Ids by Hugging Face's `tokenizers` for the studio's own encoder to equal: python e2e/parity/make_tokenizer_fixtures.py

Reads public/models/nano/tokenizer.json and the corpora in public/corpora; writes fixtures/tokenizer.json beside this file.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import Tokenizer

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PUBLIC = ROOT / "public"
sys.path.insert(0, str(ROOT / "tools" / "pretrain"))

from data import EOT, encode_documents, split_documents  # noqa: E402

NASTY = [
    "",
    " ",
    "\n",
    " leading and trailing ",
    "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag, 👍🏽 tone, 🇨🇳 region",
    "中文and English混排，标点。Punctuation!？",
    "患者，男，45岁，体温38.5℃，血压120/80mmHg",
    "line one\r\nline two\r\n\r\nline four\r",
    "\tif (x) {\n\t\treturn\tx;\n\t}",
    "a\u0000b\u0001c\u0007d\u001be\u007ff",
    "\u0301\u0308e\u0301 \u0301 \u093f",
    " " * 3000,
    "x" + " " * 1001 + "y",
    "\n" * 777 + "end",
    "a" * 2000,
    "鑫" * 500,
    "I'll you've they're don't it's I'm he'd 'S 'LL ''s",
    "no\u00a0break\u2003em\u3000ideographic\u0085next\u2028line\u2029paragraph\u200bzero\ufeffbom\u180evowel",
    " \u0085 \ufeff \u3000 ",
    "1234567890 ①②③ Ⅳ ½ ٣٤٥ 一二三",
    "https://example.org/a_b?c=d&e=f#g <br/> ${x} \\n \\\\",
    "before<|endoftext|>after",
    "<|endoftext|><|endoftext|> <|endoftext |>",
    "ﬁ ﬂ Ǆ ß İ ı ſ K Å",
    "العربية עברית ไทย हिन्दी 한국어 日本語カタカナ ελληνικά русский",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠀀𠀁 \U0010ffff \uffff",
    "        indented = [i for i in range(10)]  # eight spaces",
    "...!!!???———……、、、",
]


def digest(ids: list[int] | np.ndarray) -> str:
    return hashlib.sha256(np.asarray(ids, dtype="<u2").tobytes()).hexdigest()


def main() -> None:
    source = PUBLIC / "models" / "nano" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(source))
    strings = []
    for text in NASTY:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        strings.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    files = []
    for corpus in json.loads((PUBLIC / "corpora" / "manifest.json").read_text(encoding="utf-8"))["corpora"]:
        for split in ["heldOut", "train"]:
            text = (PUBLIC / "corpora" / corpus[split]).read_bytes().decode("utf-8").replace("\r\n", "\n")
            documents = split_documents(text, corpus["separator"])
            ids = encode_documents(tokenizer, documents)
            files.append(
                {
                    "corpus": corpus["id"],
                    "split": split,
                    "documents": len(documents),
                    "bytes": sum(len(document.encode()) for document in documents),
                    "count": len(ids),
                    "first": ids[:200].tolist(),
                    "sha256": digest(ids),
                }
            )
    fixture = {
        "tokenizers": tokenizers.__version__,
        "tokenizerSha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "endOfText": tokenizer.token_to_id(EOT),
        "strings": strings,
        "files": files,
    }
    out = HERE / "fixtures" / "tokenizer.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
