"""What Hugging Face's trainers learn, for the studio's to equal: python e2e/parity/make_tokenizer_training_fixtures.py

Text: the first documents of each corpus's train split in public/corpora, up to BYTES of UTF-8 each. Writes
fixtures/tokenizer-training.json beside this file.
"""
import hashlib
import json
import sys
from pathlib import Path

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PUBLIC = ROOT / "public"
sys.path.insert(0, str(ROOT / "tools" / "pretrain"))

from data import split_documents  # noqa: E402

BYTES = 256_000
RUNS = 6
CORPORA = ["zh", "en", "code", "domain"]
EOT = "<|endoftext|>"
CASE_BLIND = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|NUMBER| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def first_documents(corpus: str) -> list[str]:
    manifest = json.loads((PUBLIC / "corpora" / "manifest.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in manifest["corpora"] if entry["id"] == corpus)
    text = (PUBLIC / "corpora" / entry["train"]).read_bytes().decode("utf-8").replace("\r\n", "\n")
    documents, size = [], 0
    for document in split_documents(text, entry["separator"]):
        if size >= BYTES:
            break
        documents.append(document)
        size += len(document.encode())
    return documents


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def byte_level(number: str | None, nfc: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    if number is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        pattern = Regex(CASE_BLIND.replace("NUMBER", number))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(pattern, behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def byte_bpe(documents: list[str], name: str, number: str | None, nfc: bool, options: dict, weights: dict) -> dict:
    tokenizer = byte_level(number, nfc)
    initial = pre_tokenizers.ByteLevel.alphabet() if options["alphabet"] == "bytes" else []
    limit = {} if options["alphabetLimit"] is None else {"limit_alphabet": options["alphabetLimit"]}
    trainer = trainers.BpeTrainer(
        vocab_size=options["vocabularySize"],
        min_frequency=options["minFrequency"],
        special_tokens=options["specialTokens"],
        initial_alphabet=initial,
        show_progress=False,
        **limit,
    )
    tokenizer.train_from_iterator(documents, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    pieces = [piece for piece, _ in sorted(model["vocab"].items(), key=lambda item: item[1])]
    return {
        "name": name,
        "options": options,
        "weights": weights,
        "vocabulary": len(pieces),
        "merges": len(model["merges"]),
        "firstMerges": model["merges"][:20],
        "lastMerges": model["merges"][-20:],
        "mergesSha256": digest(model["merges"]),
        "piecesSha256": digest(pieces),
    }


def word_piece(documents: list[str], options: dict) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token=options["unknownToken"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=options["lowercase"])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=options["vocabularySize"],
        min_frequency=options["minFrequency"],
        special_tokens=options["specialTokens"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def word_pieces(documents: list[str]) -> dict:
    """Its ids, and where pairs are equally frequent its pieces, differ from run to run: what all runs have, and what some have."""
    options = {
        "kind": "wordpiece",
        "vocabularySize": 3000,
        "minFrequency": 2,
        "specialTokens": ["[PAD]", "[UNK]", "[SEP]"],
        "endOfText": "[SEP]",
        "unknownToken": "[UNK]",
        "lowercase": True,
        "alphabetLimit": None,
    }
    runs = [set(word_piece(documents, options).get_vocab()) for _ in range(RUNS)]
    always = set.intersection(*runs)
    return {
        "options": options,
        "runs": RUNS,
        "vocabulary": len(runs[0]),
        "always": len(always),
        "alwaysSha256": digest(sorted(always, key=lambda piece: [ord(c) for c in piece])),
        "sometimes": sorted(set.union(*runs) - always),
    }


def unigram(documents: list[str]) -> dict:
    options = {
        "kind": "unigram",
        "vocabularySize": 2000,
        "specialTokens": ["<pad>", "</s>", "<unk>"],
        "endOfText": "</s>",
        "unknownToken": "<unk>",
        "shrinkingFactor": 0.75,
        "subIterations": 2,
        "maxPieceLength": 16,
    }
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=options["vocabularySize"],
        special_tokens=options["specialTokens"],
        unk_token=options["unknownToken"],
        shrinking_factor=options["shrinkingFactor"],
        n_sub_iterations=options["subIterations"],
        max_piece_length=options["maxPieceLength"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return {"options": options, "vocab": json.loads(tokenizer.to_str())["model"]["vocab"]}


def main() -> None:
    by_corpus = {corpus: first_documents(corpus) for corpus in CORPORA}
    every = [document for corpus in CORPORA for document in by_corpus[corpus]]

    def options(**changes: object) -> dict:
        return {
            "kind": "byte-bpe",
            "vocabularySize": 2257,
            "minFrequency": 0,
            "specialTokens": [EOT],
            "endOfText": EOT,
            "alphabet": "bytes",
            "alphabetLimit": None,
            "preTokens": "gpt2",
            "normalizer": "none",
            **changes,
        }

    seen = {"alphabet": "seen", "specialTokens": ["<pad>", EOT], "minFrequency": 40, "vocabularySize": 20000}
    weighted = [document for corpus, times in [("zh", 3), ("code", 1)] for document in by_corpus[corpus] * times]
    runs = [
        byte_bpe(every, "mixed", None, False, options(), {corpus: 1 for corpus in CORPORA}),
        byte_bpe(
            every,
            "qwen2, seen bytes, until no pair is frequent enough",
            r"\p{N}",
            True,
            options(preTokens="qwen2", normalizer="nfc", **seen),
            {corpus: 1 for corpus in CORPORA},
        ),
        byte_bpe(
            weighted,
            "llama3, weights, limited alphabet",
            r"\p{N}{1,3}",
            False,
            options(preTokens="llama3", vocabularySize=1200, alphabet="seen", alphabetLimit=120),
            {"zh": 3, "code": 1},
        ),
    ]
    fixture = {
        "tokenizers": tokenizers.__version__,
        "bytes": BYTES,
        "byteBpe": runs,
        "wordPiece": word_pieces(by_corpus["en"] + by_corpus["code"]),
        "unigram": unigram(by_corpus["code"]),
    }
    out = HERE / "fixtures" / "tokenizer-training.json"
    out.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
