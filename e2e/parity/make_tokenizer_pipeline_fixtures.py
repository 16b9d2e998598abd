"""Ids by Hugging Face's `tokenizers` for the usual kinds of tokenizer: python e2e/parity/make_tokenizer_pipeline_fixtures.py

The well-known tokenizers cannot be copied here, so each is made anew: trained on public/corpora with a small vocabulary, with exactly
the pipeline (normalizer, pre-tokenizer, model options, decoder) of its namesake. Writes fixtures/tokenizers/*.json and
fixtures/tokenizer-pipelines.json beside this file.
"""
import hashlib
import json
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from make_tokenizer_fixtures import NASTY
from make_tokenizer_training_fixtures import CORPORA, EOT, PUBLIC, byte_level, first_documents, split_documents

HERE = Path(__file__).parent
VOCABULARY = 1400
STORED_IDS = 48
MORE = [
    "it'ſ IT'S It'Ll 'RE'VE 'M",
    "  two  spaces,   three\n\n\n   after lines \t\n",
    "12345 1234567 3.14159 ½ ٣٤٥٦",
    "cafe\u0301 naïve Å \u1e9b\u0323 ﬁ",
    "▁underscore ▁▁ _",
    "crossfade Crossfade crossfading <mask> x  <mask>  y<mask>",
    "a <sep> b<sep>   c <sep>",
    "loss losses loss. a-loss_b 损loss失 loss",
    "<s>hello</s> <s> hello </s><s></s>",
    "<unk> [UNK] [MASK] <pad>",
    "𐐀𐐨 😀 \U000f0000 \u0378 ᎠᏣᎳᎩ",
    "ΑΣ ΣΑΣ. Οδυσσεύς İstanbul straße ÀÉÎ",
    "Zürich–München “quotes” $5+3=8 <tag> ~`^|",
    "\u200b\u00ad\ufeffzero\u200dwidth\u0000",
    "word" * 60,
]
FLAGGED = [
    AddedToken("<mask>", lstrip=True, special=True, normalized=False),
    AddedToken("<sep>", rstrip=True, special=True, normalized=False),
    AddedToken("loss", single_word=True, special=False, normalized=False),
    AddedToken("crossfade", special=False, normalized=True),
]


def digest(ids: list[int]) -> str:
    return hashlib.sha256(np.asarray(ids, dtype="<u4").tobytes()).hexdigest()


def trained(tokenizer: Tokenizer, trainer: object, documents: list[str]) -> dict:
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())


def bpe_trainer(**options: object) -> trainers.BpeTrainer:
    return trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False, **options)


def byte_bpe(documents: list[str], number: str | None, nfc: bool) -> dict:
    trainer = bpe_trainer(special_tokens=[EOT], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    return trained(byte_level(number, nfc), trainer, documents)


def llama3(documents: list[str]) -> dict:
    made = byte_bpe(documents, r"\p{N}{1,3}", False)
    made["model"]["ignore_merges"] = True
    # No merges lead to these: they are found whole or not at all.
    for piece in ["ĠCrossfade", "continued", "ä½łå¥½ä¸ĸçķĮ"]:
        made["model"]["vocab"][piece] = len(made["model"]["vocab"])
    return made


def character_bpe(model: dict) -> dict:
    """Llama 2's order of ids: special tokens, bytes, pieces; runs of blanks merge first, as they do in its vocabulary."""
    pieces = ["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)]]
    runs = [["▁", "▁"], ["▁▁", "▁▁"], ["▁▁▁▁", "▁▁▁▁"]]
    merges = runs + [merge for merge in model["merges"] if merge not in runs]
    learned = ["".join(run) for run in runs] + list(model["vocab"])
    vocab = {piece: at for at, piece in enumerate(dict.fromkeys(pieces + learned))}
    return {**model, "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": vocab, "merges": merges}


def llama2(documents: list[str], split: bool) -> dict:
    learner = Tokenizer(models.BPE())
    if split:
        learner.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        # Lines without pre-tokens, so that pieces reach over several words.
        learner.normalizer = normalizers.Replace(" ", "▁")
        documents = [line for document in documents for line in document.split("\n")]
    model = trained(learner, bpe_trainer(limit_alphabet=500), documents)["model"]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1)]
    )
    made = json.loads(tokenizer.to_str())
    made["model"] = character_bpe(model)
    return made


def mistral(made: dict) -> dict:
    """The newer form of the same: no normalizer, Metaspace marks the first piece alone."""
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
    return {**made, "normalizer": None, "pre_tokenizer": metaspace}


def bert(documents: list[str]) -> dict:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, limit_alphabet=600, show_progress=False)
    return trained(tokenizer, trainer, documents)


def t5(documents: list[str]) -> dict:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    return trained(tokenizer, trainer, documents)


def with_tokens(made: dict, tokens: list[AddedToken]) -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(made))
    for token in tokens:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def held_out(corpus: str) -> list[str]:
    manifest = json.loads((PUBLIC / "corpora" / "manifest.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in manifest["corpora"] if entry["id"] == corpus)
    text = (PUBLIC / "corpora" / entry["heldOut"]).read_bytes().decode("utf-8").replace("\r\n", "\n")
    return split_documents(text, entry["separator"])


def expected(name: str, tokenizer: Tokenizer) -> dict:
    strings = []
    for text in NASTY + MORE:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        known = {"ids": ids} if len(ids) <= STORED_IDS else {"count": len(ids), "sha256": digest(ids)}
        strings.append({**known, "decodedSha256": hashlib.sha256(decoded.encode()).hexdigest()[:16]})
    files = []
    for corpus in CORPORA:
        batches = tokenizer.encode_batch(held_out(corpus), add_special_tokens=False)
        ids = [id for encoding in batches for id in encoding.ids]
        files.append({"corpus": corpus, "count": len(ids), "sha256": digest(ids)})
    return {"name": name, "strings": strings, "files": files}


def main() -> None:
    documents = [document for corpus in CORPORA for document in first_documents(corpus)]
    plain = [AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False)]
    split = llama2(documents, True)
    made = {
        "gpt2": (byte_bpe(documents, None, False), FLAGGED),
        "llama3": (llama3(documents), FLAGGED),
        "qwen2": (byte_bpe(documents, r"\p{N}", True), []),
        "llama2": (split, plain + FLAGGED),
        "llama2-across-words": (llama2(documents, False), plain),
        "mistral": (mistral(split), plain + FLAGGED),
        "bert": (bert(documents), []),
        "t5": (t5(first_documents("en")), []),
    }
    out = HERE / "fixtures" / "tokenizers"
    out.mkdir(exist_ok=True)
    results = []
    for name, (json_form, tokens) in made.items():
        tokenizer = with_tokens(json_form, tokens)
        text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
        (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        results.append(expected(name, tokenizer))
    fixture = {"tokenizers": tokenizers.__version__, "texts": NASTY + MORE, "kinds": results}
    path = HERE / "fixtures" / "tokenizer-pipelines.json"
    path.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
