"""Ids by Hugging Face's `tokenizers` for every part that a tokenizer.json may name: python e2e/parity/make_tokenizer_kinds.py

One small tokenizer for each normalizer, pre-tokenizer (Split: String and Regex, every behaviour, inverted or not), model with its
options, decoder and flag of added tokens, and 1,000 strings of odd characters that all of them encode. Writes
fixtures/tokenizer-kinds.json.gz beside this file: per string a 32-bit hash of its ids, of its ids with special tokens read as plain
text and of the text decoded again, and in full ids, offsets and decoded text of the first few.

    --show KIND [AT]      prints what a kind makes of the string at AT, or of all strings, instead
    --seed N --out FILE   writes the same kinds with other strings, to be tried once
"""
import argparse
import base64
import gzip
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import Tokenizer

HERE = Path(__file__).parent
OUT = HERE / "fixtures" / "tokenizer-kinds.json.gz"
SEED = 20240607
COUNT = 1000
IN_FULL = 16

# --------------------------------------------------------------------------------------------------------------------- strings

LINE_ENDS = ["\n", "\r", "\r\n", "\n\n", "\u2028", "\u2029", "\u0085", "\v", "\f"]
BLANKS = [" ", "  ", "   ", "\t", "\u00a0", "\u1680", "\u180e", "\u2000", "\u2003", "\u2007", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000", "\ufeff", "\u0085"]
CONTROLS = [chr(code) for code in [0, 1, 2, 8, 0x0E, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x7F, 0x80, 0x81, 0x9F]]
FORMATS = ["\u00ad", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ufeff", "\U000e0001", "\U000e0020", "\U000e007f"]
WORDS = ["__proto__", "constructor", "a", "b", "ab", "aba", "hello", "Hello", "HELLO", "world", "the", "The", "of", "loss", "Loss", "losses", "cross", "crossfade", "Crossfade", "x", "y", "z", "e", "E", "I", "it", "naive", "straße", "İstanbul", "ſ", "ﬁ", "ﬃ", "ǅ", "ŉ", "Σ", "ΑΣ", "Σας", "Ω", "ß", "ẞ", "don", "we", "I"]
MARKS = ["\u0301", "\u0308", "\u030a", "\u0323", "\u0327", "\u0338", "\u0345", "\u0488", "\u064b", "\u0651", "\u093c", "\u0940", "\u0bcd", "\u0e33", "\u0e34", "\u20e3", "\u3099", "\ufe0f", "\ufe0e", "\u0903", "\u20dd"]
COMPOSED = ["é", "e\u0301", "ñ", "n\u0303", "Å", "A\u030a", "\u212b", "\u1e9b\u0323", "ữ", "한", "\u1112\u1161\u11ab", "が", "か\u3099", "ｶﾞ", "\u0344", "\u2126", "\uf900", "\U0002f800", "\u0958", "ﷺ", "ﬆ", "㎏", "①", "ⅷ", "½"]
NUMBERS = ["0", "1", "9", "12", "345", "6789", "3.14", "1,000", "²", "³", "¹", "½", "¼", "४", "٣", "۵", "๔", "Ⅷ", "ⅻ", "①", "㊿", "〇", "三", "𝟘", "𐄇", "𒐀", "０", "１２", "༳"]
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "--", "::", "''", "¡", "¿", "«", "»", "–", "—", "‘", "’", "“", "”", "…", "‹", "•", "‰", "′", "€", "£", "©", "®", "™", "°", "±", "×", "÷", "√", "∞", "≠", "→", "█", "¬", "¦", "´", "¨", "¸", "˜", "᠊", "‿", "⁀", "﹏", "＿"]
HAN = ["患者", "男", "，", "。", "、", "？", "：", "；", "发热", "咳嗽", "肺炎", "的", "一", "二", "中文", "「", "」", "《", "》", "（", "）", "龘", "𠀀", "𠀁", "𪜀", "𫝀", "𫠠", "𬺰", "𮯠", "𰀀", "㐀", "䶿", "鿿", "﨑", "豈", "々", "〆", "ヶ"]
FULL_WIDTH = ["ＡＢ", "ａ", "！", "～", "　", "￥", "ｱ", "ﾞ", "ｶ", "￮", "％"]
SCRIPTS = ["привет", "Мир", "ё", "γεια", "שלום", "עברית", "مرحبا", "العربية", "لا", "हिन्दी", "नमस्ते", "தமிழ்", "ไทย", "ภาษา", "ខ្មែរ", "မြန်မာ", "ひらがな", "カタカナ", "ー", "한국어", "ᎠᏣᎳᎩ", "ꭰ", "𐐀𐐨", "𝒜𝕓", "ა", "Ა", "ꙮ", "ⱥ", "Ⱥ"]
EMOJI = ["😀", "👍🏽", "👩‍⚕️", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🇺🇳🇫🇷", "1️⃣", "❤️", "☺", "🧑🏿‍🚀", "🫠"]
EDGES = ["\ud7ff", "\ue000", "\uf8ff", "\ufdd0", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001ffff", "\U000f0000", "\U0010ffff", "\u0378", "\U000323af", "\U0003134f"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'Re", "'ſ", "’s", "'", "''s", " 's", "'x"]
PIECES = ["▁", "▁▁", "▁a", "##a", "##", "</w>", "<0x0A>", "<0xE9>", "<0x00>", "Ġ", "Ġa", "Ċ", "Ã©", "Ł", "ł", "<unk>", "[UNK]", "<tag", "|||"]
ADDED = ["<mask>", "<sep>", "<keep>", "<both>", "<|endoftext|>", "<|end|>", "<|endof", "endoftext", "</s>", "<s>", "[MASK]", "[mask]", "loss", "Café", "cafe\u0301", "患者", "a b", "ab", "abab", "ｂｉｇ", "big", "  ", " lead", "trail ", "<MASK>"]
CODE = ["def f(x):\n    return x", "\n    ", "\n\t\t", "if(a&&b){", "</div>", "snake_case", "camelCase", "a_b", "x+=1;", "http://a.b/c?d=e", "user@example.com"]
WEIGHTS = [
    (LINE_ENDS, 6), (BLANKS, 10), ([" "], 14), (CONTROLS, 3), (FORMATS, 3), (WORDS, 14), (MARKS, 4), (COMPOSED, 5), (NUMBERS, 6), (SIGNS, 8),
    (HAN, 7), (FULL_WIDTH, 3), (SCRIPTS, 5), (EMOJI, 3), (EDGES, 2), (CONTRACTIONS, 3), (PIECES, 3), (ADDED, 7), (CODE, 2),
]  # fmt: skip
FIRST = [
    "", " ", "\n", "a", "hello world", "  two  blanks,\n\n  lines \r\n\t", "It's 12345.5 — don't; WE'LL", "患者，男。发热 38.5℃", "a\u0085b\ufeffc\u00a0d\u3000e",
    "<|endoftext|> <mask> a <sep>  b<|endoftext|>", "Café cafe\u0301 ½ ² ४ ９", "👩‍⚕️ 𠀀𠀁 😀", "a b a", "9  ²", "\u0000\u200b\u200d\u007f", "abab loss losses. loss-a",
]  # fmt: skip


def make_strings(seed: int, count: int) -> list[str]:
    chooser = random.Random(seed)
    groups, weights = [group for group, _ in WEIGHTS], [weight for _, weight in WEIGHTS]
    made = []
    while len(made) < count:
        length = chooser.choice([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24])
        parts = []
        for group in chooser.choices(groups, weights, k=length):
            part = chooser.choice(group)
            parts.append(part * chooser.choice([1] * 12 + [2, 3, 5]))
            if chooser.random() < 0.03:
                # Any character at all, surrogates aside.
                code = chooser.choice([chooser.randrange(0x20, 0x3000), chooser.randrange(0x20, 0xD800), chooser.randrange(0xE000, 0x110000)])
                parts.append(chr(code))
        made.append("".join(parts))
    return made


# ---------------------------------------------------------------------------------------------------------------------- models


def byte_alphabet() -> list[str]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters, others = {byte: chr(byte) for byte in printable}, 0
    for byte in range(256):
        if byte not in characters:
            characters[byte] = chr(256 + others)
            others += 1
    return [characters[byte] for byte in range(256)]


BYTES = byte_alphabet()
BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]


def in_bytes(text: str) -> str:
    return "".join(BYTES[byte] for byte in text.encode())


def learn_merges(words: list[list[str]], count: int) -> list[tuple[str, str]]:
    """Plain BPE: the pair that occurs most, the smallest of equals."""
    words = [list(word) for word in words]
    merges = []
    for _ in range(count):
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word in words:
            at = 0
            while at < len(word) - 1:
                if (word[at], word[at + 1]) == best:
                    word[at : at + 2] = ["".join(best)]
                at += 1
    return merges


def bpe(alphabet: list[str], merges: list[tuple[str, str]], before: list[str] = [], **options) -> dict:
    vocab = {piece: at for at, piece in enumerate(dict.fromkeys([*before, *alphabet, *(a + b for a, b in merges)]))}
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **options, "vocab": vocab, "merges": [list(pair) for pair in merges]}  # fmt: skip


CORPUS = make_strings(SEED + 1, 500)
ALL_WORDS = [word for text in CORPUS for word in text.split(" ") if 0 < len(word) < 24]
CHARACTERS = [character for character, count in sorted(Counter("".join(CORPUS)).items(), key=lambda item: (-item[1], item[0])) if count > 6]


def byte_bpe(**options) -> dict:
    words = [[BYTES[byte] for byte in f" {word}".encode()] for word in ALL_WORDS]
    return bpe(BYTES, learn_merges(words, 220), **options)


def known(words: list[str], alphabet: list[str]) -> list[list[str]]:
    return [[character for character in word if character in alphabet] for word in words]


def character_bpe(space: str = "▁", before: list[str] = ["<unk>", "<s>", "</s>"], count: int = 200, **options) -> dict:
    alphabet = sorted({*CHARACTERS} - {" "} | {space})
    words = known([(space + text.replace(" ", space))[:60] for text in CORPUS], set(alphabet))
    return bpe(alphabet, learn_merges(words, count), before, **options)


def text_bpe(**options) -> dict:
    """Blanks are pieces like others, and so are what pre-tokens leave of them."""
    return character_bpe(space=" ", before=["<unk>"], **options)


def prefixed_bpe(prefix: str, suffix: str, **options) -> dict:
    """Pieces inside a word wear the prefix, the last one of a word the suffix; alphabet in all four dresses."""
    letters = [character for character in CHARACTERS if not character.isspace()][:120]
    def dress(word: list[str]) -> list[str]:
        return [("" if at == 0 else prefix) + character + (suffix if at == len(word) - 1 else "") for at, character in enumerate(word)]
    words = [dress(word) for word in known(ALL_WORDS, set(letters)) if word]
    merges = []
    for _ in range(160):
        pairs = Counter(pair for word in words for pair in zip(word, word[1:]))
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        joined = best[0] + best[1][len(prefix) :]
        for word in words:
            at = 0
            while at < len(word) - 1:
                if (word[at], word[at + 1]) == best:
                    word[at : at + 2] = [joined]
                at += 1
    dressed = dict.fromkeys(p + letter + s for letter in letters for p in dict.fromkeys(["", prefix]) for s in dict.fromkeys(["", suffix]))
    vocab = dict.fromkeys(["<unk>", *dressed, *(a + b[len(prefix) :] for a, b in merges)])
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": prefix or None, "end_of_word_suffix": suffix or None,
            "fuse_unk": False, "byte_fallback": False, **options, "vocab": {piece: at for at, piece in enumerate(vocab)}, "merges": [list(pair) for pair in merges]}  # fmt: skip


def frequent_pieces(texts: list[str], count: int, longest: int = 6) -> list[str]:
    pieces = Counter(text[at : at + size] for text in texts for at in range(len(text)) for size in range(2, longest + 1) if at + size <= len(text))
    return [piece for piece, _ in sorted(pieces.items(), key=lambda item: (-item[1] * len(item[0]), item[0]))[:count]]


def unigram(space: str = "▁", before: list[str] = ["<unk>", "<s>", "</s>"], unk: int | None = 0, byte_fallback: bool = False, seed: int = 5, **options) -> dict:
    chooser = random.Random(seed)
    texts = [(space + text.replace(" ", space)) for text in CORPUS]
    pieces = dict.fromkeys([*before, *(BYTE_TOKENS if byte_fallback else []), space, *[c for c in CHARACTERS if c != " "][:160], *frequent_pieces(texts, 320)])
    # Scores as a trainer writes them, with all digits; some equal ones, which must be decided as Rust does.
    score = lambda piece: 0.0 if piece in before or piece in BYTE_TOKENS else chooser.choice([-chooser.uniform(2, 13), -8.5, -4.25 * len(piece)])
    return {"type": "Unigram", "unk_id": unk, "vocab": [[piece, score(piece)] for piece in pieces], "byte_fallback": byte_fallback, **options}


def word_piece(prefix: str = "##", **options) -> dict:
    letters = [character for character in CHARACTERS if not character.isspace()][:170]
    pieces = frequent_pieces([word for word in ALL_WORDS], 200)
    vocab = dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "__proto__", "constructor", *letters, *(prefix + letter for letter in letters), *pieces, *(prefix + piece for piece in pieces)])
    return {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix, "max_input_chars_per_word": 100, **options,
            "vocab": {piece: at for at, piece in enumerate(vocab)}}  # fmt: skip


def word_level(**options) -> dict:
    vocab = dict.fromkeys(["<unk>", "__proto__", *[word for word, _ in Counter(ALL_WORDS).most_common(200)], *CHARACTERS[:80]])
    return {"type": "WordLevel", "vocab": {piece: at for at, piece in enumerate(vocab)}, "unk_token": "<unk>", **options}


# ----------------------------------------------------------------------------------------------------------------------- kinds

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
QWEN35 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK = [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+"]
BEHAVIOURS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BYTES_ONLY = {**BYTE_LEVEL, "use_regex": False}
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}


def split(pattern: dict, behaviour: str = "Isolated", invert: bool = False) -> dict:
    return {"type": "Split", "pattern": pattern, "behavior": behaviour, "invert": invert}


def sequence(kind: str, *steps: dict) -> dict:
    return {"type": "Sequence", kind: list(steps)}


def split_then_bytes(*patterns: str) -> dict:
    return sequence("pretokenizers", *(split({"Regex": pattern}) for pattern in patterns), BYTES_ONLY)


def token(content: str, **flags) -> dict:
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **flags}


EOT = token("<|endoftext|>", special=True)
FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"]
OVERLAPPING = [token(content) for content in ["<|endoftext|>", "<|endof", "<|end|>", "endoftext", "ab", "abab", "a b", "患者", "  "]]
SENTENCEPIECE = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
BYTE_DECODER = sequence("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})
BERT = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}


def kinds() -> dict[str, dict]:
    """Name to tokenizer.json, without what all have in common and without the ids of added tokens."""
    made: dict[str, dict] = {}

    def kind(name: str, model: dict, added: list[dict] = [], **steps) -> None:
        made[name] = {"added_tokens": added, "model": model, **steps}

    text, bytes_, metaspaced, unigrams, pieces, words = text_bpe(unk_token="<unk>"), byte_bpe(), character_bpe(unk_token="<unk>"), unigram(), word_piece(), word_level(),  # fmt: skip
    spaced = unigram(space=" ", before=["<unk>"])

    # Normalizers, before a model that sees blanks as they are.
    one = {name: {"type": name} for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]}
    normalizers = {
        **one,
        "NFD, StripAccents": sequence("normalizers", one["NFD"], one["StripAccents"]),
        "NFKC, Lowercase": sequence("normalizers", one["NFKC"], one["Lowercase"]),
        "NFKD, Lowercase, StripAccents": sequence("normalizers", one["NFKD"], one["Lowercase"], one["StripAccents"]),
        "no steps": sequence("normalizers"),
        "Strip both": {"type": "Strip", "strip_left": True, "strip_right": True},
        "Strip left": {"type": "Strip", "strip_left": True, "strip_right": False},
        "Strip right": {"type": "Strip", "strip_left": False, "strip_right": True},
        "Replace String": {"type": "Replace", "pattern": {"String": "a"}, "content": "ba"},
        "Replace String by nothing": {"type": "Replace", "pattern": {"String": "  "}, "content": ""},
        "Replace Regex": {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
        "Replace Regex of two blanks": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"},
        "Replace Regex of marks": {"type": "Replace", "pattern": {"Regex": r"[\p{M}\p{Cf}]|\d$"}, "content": ""},
        "Prepend": {"type": "Prepend", "prepend": "ab"},
        "Prepend, Replace": sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}),
        "Bert cased": {**BERT, "lowercase": False},
        "Bert lower case, accents kept": {**BERT, "strip_accents": False},
        "Bert cased, accents stripped": {**BERT, "lowercase": False, "strip_accents": True},
        "Bert not cleaned": {**BERT, "clean_text": False},
        "Bert ideographs together": {**BERT, "handle_chinese_chars": False},
        "Bert": BERT,
        "Precompiled": {"type": "Precompiled", "precompiled_charsmap": charsmap()},
    }  # fmt: skip
    for name, step in normalizers.items():
        kind(f"normalizer {name}", text, normalizer=step)
    kind("normalizer ByteLevel", bytes_, normalizer={"type": "ByteLevel"}, decoder=BYTE_LEVEL)
    kind("normalizer NFKC before WordPiece", pieces, normalizer=one["NFKC"], pre_tokenizer={"type": "BertPreTokenizer"})

    # Pre-tokenizers.
    simple = {
        "Whitespace": {"type": "Whitespace"},
        "WhitespaceSplit": {"type": "WhitespaceSplit"},
        "BertPreTokenizer": {"type": "BertPreTokenizer"},
        "UnicodeScripts": {"type": "UnicodeScripts"},
        "CharDelimiterSplit": {"type": "CharDelimiterSplit", "delimiter": "a"},
        "CharDelimiterSplit by a blank": {"type": "CharDelimiterSplit", "delimiter": " "},
        "Digits": {"type": "Digits", "individual_digits": False},
        "Digits one by one": {"type": "Digits", "individual_digits": True},
        "FixedLength": {"type": "FixedLength", "length": 3},
        "no steps": sequence("pretokenizers"),
        "Whitespace, Digits": sequence("pretokenizers", {"type": "Whitespace"}, {"type": "Digits", "individual_digits": True}),
        "WhitespaceSplit, Punctuation": sequence("pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}),
        "Split, Split": sequence("pretokenizers", split({"Regex": r"[\r\n]"}), split({"String": " "}, "MergedWithNext")),
        **{f"Punctuation {behaviour}": {"type": "Punctuation", "behavior": behaviour} for behaviour in BEHAVIOURS},
    }  # fmt: skip
    for name, step in simple.items():
        kind(f"pre-tokenizer {name}", text, pre_tokenizer=step)
    for behaviour in BEHAVIOURS:
        for invert in [False, True]:
            end = f"{behaviour}{' inverted' if invert else ''}"
            kind(f"pre-tokenizer Split String {end}", text, pre_tokenizer=split({"String": "a"}, behaviour, invert))
            kind(f"pre-tokenizer Split Regex {end}", text, pre_tokenizer=split({"Regex": r"\s+|\p{P}"}, behaviour, invert))
    kind("pre-tokenizer Split String of a blank", spaced, pre_tokenizer=split({"String": " "}, "MergedWithPrevious"))
    kind("pre-tokenizer Split String of signs of expressions", text, pre_tokenizer=split({"String": ".*"}, "Isolated"))
    for name, expression in {
        r"\w": r"\w+|[^\w\s]+", r"\d and \b": r"\b\d+\b|\bthe\b", "possessive and lookbehind": r"(?<=a)b++|(?<!\s)\p{Lu}", "Han": r"\p{Han}+|\p{Hiragana}+",
        "intersection": r"[\p{L}&&[^a-z]]+", "POSIX": r"[[:punct:][:space:]]+|[[:alpha:]]{2}", "case": r"(?i)LOSS|ß|(?i:straße)", "empty": r"a*", "dot": r".{3}", "anchors": r"^\s+|\s+$",
        r"\X \h \R": r"\R|\h{2}", "numbers": r"\p{Nd}{1,3}(?=(?:\p{Nd}{3})*(?!\p{Nd}))|\p{Nl}|\p{No}",
    }.items():  # fmt: skip
        kind(f"pre-tokenizer Split Regex with {name}", text, pre_tokenizer=split({"Regex": expression}))
    for name, step in {
        "ByteLevel": BYTE_LEVEL,
        "ByteLevel with a blank before": {**BYTE_LEVEL, "add_prefix_space": True},
        "ByteLevel without expression": BYTES_ONLY,
        "ByteLevel without expression, a blank before": {**BYTES_ONLY, "add_prefix_space": True},
        "GPT-2's expression": split_then_bytes(GPT2),
        "Llama 3's expression": split_then_bytes(LLAMA3),
        "Qwen 2's expression": split_then_bytes(QWEN2),
        "Qwen 3.5's expression": split_then_bytes(QWEN35),
        "o200k": split_then_bytes(O200K),
        "cl100k": split_then_bytes(CL100K),
        "DeepSeek": sequence("pretokenizers", *(split({"Regex": pattern}) for pattern in DEEPSEEK), {"type": "Digits", "individual_digits": True}, BYTES_ONLY),
        "DeepSeek V3": split_then_bytes(r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+", r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
        "StarCoder": sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, BYTE_LEVEL),
        "Falcon": sequence("pretokenizers", {"type": "Punctuation", "behavior": "Contiguous"}, BYTE_LEVEL, {"type": "Digits", "individual_digits": False}, split({"Regex": "[0-9][0-9][0-9]"})),
        "BLOOM": sequence("pretokenizers", split({"Regex": r" ?[^(\s|[.,!?…。，、।۔،])]+"}), BYTES_ONLY),
        "inverted Removed": sequence("pretokenizers", split({"Regex": GPT2}, "Removed", True), BYTES_ONLY),
        "Whitespace, ByteLevel": sequence("pretokenizers", {"type": "Whitespace"}, {**BYTE_LEVEL, "add_prefix_space": True}),
        "a sequence of one": sequence("pretokenizers", BYTE_LEVEL),
        "a sequence in a sequence": sequence("pretokenizers", split_then_bytes(LLAMA3)),
    }.items():  # fmt: skip
        kind(f"bytes {name}", bytes_, [EOT], pre_tokenizer=step, decoder=BYTE_LEVEL)
    kind("bytes NFC", bytes_, [EOT], normalizer=one["NFC"], pre_tokenizer=split_then_bytes(QWEN2), decoder=BYTE_LEVEL)
    for scheme in ["always", "first", "never"]:
        for cut in [True, False]:
            kind(f"pre-tokenizer Metaspace {scheme}{'' if cut else ' whole'}", metaspaced, [token("<mask>")], pre_tokenizer={**METASPACE, "prepend_scheme": scheme, "split": cut}, decoder={**METASPACE, "prepend_scheme": scheme})  # fmt: skip
    kind("pre-tokenizer Metaspace of old", unigrams, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}, decoder={"type": "Metaspace", "replacement": "▁", "add_prefix_space": True})  # fmt: skip
    kind("pre-tokenizer Metaspace by another sign", character_bpe(space="_", unk_token="<unk>"), pre_tokenizer={**METASPACE, "replacement": "_"}, decoder={**METASPACE, "replacement": "_"})  # fmt: skip
    kind("pre-tokenizer WhitespaceSplit, Metaspace", unigrams, [token("<mask>", lstrip=True, special=True)], pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, METASPACE), decoder=METASPACE)  # fmt: skip

    # Models.
    fallback = character_bpe(before=["<unk>", "<s>", "</s>", *BYTE_TOKENS], byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    lacking = json.loads(json.dumps(fallback))
    # Nobody can write bytes from C0 on: all of a character or none of it.
    lacking["vocab"] = {piece if piece not in BYTE_TOKENS[0xC0:] or piece == "<0xE6>" else f"[{piece}]": at for piece, at in lacking["vocab"].items()}
    llama = dict(normalizer=SENTENCEPIECE, decoder=BYTE_DECODER)
    control = [token("<unk>", special=True), token("<s>", special=True), token("</s>", special=True)]
    kind("model BPE with byte fallback", fallback, control, **llama)
    kind("model BPE with some bytes", lacking, control, **llama)
    kind("model BPE with some bytes, unknowns one by one", {**lacking, "fuse_unk": False}, **llama)
    kind("model BPE with byte fallback, Metaspace", fallback, control, pre_tokenizer={**METASPACE, "prepend_scheme": "first", "split": False}, decoder=BYTE_DECODER)
    kind("model BPE with some bytes, no unknown", {**lacking, "unk_token": None}, **llama)
    kind("model BPE that merges bytes", {**fallback, "vocab": {**fallback["vocab"], "<0xE9><0xBE>": len(fallback["vocab"])}, "merges": [*fallback["merges"], ["<0xE9>", "<0xBE>"]]}, control, **llama)  # fmt: skip
    kind("model BPE without unknown", {**text, "unk_token": None})
    kind("model BPE with unknown", text)
    kind("model BPE with fused unknowns", {**text, "fuse_unk": True}, pre_tokenizer={"type": "WhitespaceSplit"})
    kind("model BPE unknown not in the vocabulary", {**text, "unk_token": None, "fuse_unk": True})
    kind("model BPE dropout 0", {**text, "dropout": 0.0})
    kind("model BPE ignoring merges", {**text, "ignore_merges": True, "vocab": {**text["vocab"], "hello": len(text["vocab"]), "患者，": len(text["vocab"]) + 1}}, pre_tokenizer={"type": "WhitespaceSplit"})  # fmt: skip
    kind("model BPE bytes ignoring merges", {**bytes_, "ignore_merges": True, "vocab": {**bytes_["vocab"], in_bytes(" hello"): len(bytes_["vocab"]), in_bytes("患者"): len(bytes_["vocab"]) + 1}}, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)  # fmt: skip
    lost = {in_bytes("\n"), in_bytes("a"), BYTES[0xE6]}
    poor = {**bytes_, "vocab": {piece: at for piece, at in bytes_["vocab"].items() if not lost & set(piece)}, "merges": [pair for pair in bytes_["merges"] if not lost & set("".join(pair))]}
    kind("model BPE bytes lacking some", poor, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)
    kind("model BPE bytes lacking some, with unknown", {**poor, "unk_token": BYTES[0]}, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)
    kind("model BPE bytes lacking some, unknowns fused", {**poor, "unk_token": BYTES[0], "fuse_unk": True}, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)
    kind("model BPE with a suffix", prefixed_bpe("", "</w>"), normalizer=one["Lowercase"], pre_tokenizer={"type": "WhitespaceSplit"}, decoder={"type": "BPEDecoder", "suffix": "</w>"})
    kind("model BPE with a prefix", prefixed_bpe("##", ""), pre_tokenizer={"type": "Whitespace"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": False})
    kind("model BPE with both", prefixed_bpe("@@", "</w>", fuse_unk=True), pre_tokenizer={"type": "Whitespace"})
    kind("model BPE CLIP", prefixed_bpe("", "</w>"), [token("<|endoftext|>", special=True)], normalizer=sequence("normalizers", one["NFC"], {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, one["Lowercase"]), pre_tokenizer=sequence("pretokenizers", split({"Regex": r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"}, "Removed", True), BYTES_ONLY))  # fmt: skip
    kind("model BPE merges across blanks", {"type": "BPE", "vocab": {"<unk>": 0, "a": 1, " ": 2, "b": 3, "a ": 4, "a b": 5, "a ba": 6}, "merges": [["a", " "], ["a ", "b"], ["a b", "a"]], "unk_token": "<unk>"})
    kind("model BPE of old", {key: value for key, value in {**bytes_, "unk_token": ""}.items() if key != "type"} | {"merges": [" ".join(pair) for pair in bytes_["merges"]]}, pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL)  # fmt: skip
    kind("model Unigram", unigrams, pre_tokenizer=METASPACE, decoder=METASPACE)
    kind("model Unigram whole", spaced)
    kind("model Unigram with byte fallback", unigram(byte_fallback=True), control, normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, decoder=BYTE_DECODER)
    some = unigram(byte_fallback=True)
    some["vocab"] = [[piece if piece not in BYTE_TOKENS[0xC0:0xF0] else f"[{piece}]", score] for piece, score in some["vocab"]]
    kind("model Unigram with some bytes", some, normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, decoder=BYTE_DECODER)
    kind("model Unigram unknown elsewhere", unigram(before=["<pad>", "</s>", "<unk>"], unk=2), pre_tokenizer=METASPACE, decoder=METASPACE)
    kind("model Unigram T5", unigram(before=["<pad>", "</s>", "<unk>"], unk=2, seed=6), [token("</s>", special=True), token("<mask>", lstrip=True, special=True)], normalizer={"type": "Precompiled", "precompiled_charsmap": charsmap()}, pre_tokenizer=METASPACE, decoder=METASPACE, post_processor=template([], ["</s>"], {"</s>": 1}))  # fmt: skip
    kind("model Unigram XLNet", unigram(seed=7), [token("<sep>", special=True)], normalizer=sequence("normalizers", {"type": "Replace", "pattern": {"String": "``"}, "content": '"'}, one["NFKD"], one["StripAccents"], one["Lowercase"], {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}), pre_tokenizer=METASPACE, decoder=METASPACE)  # fmt: skip
    kind("model Unigram of old", {key: value for key, value in unigrams.items() if key not in ["type", "byte_fallback"]}, pre_tokenizer=METASPACE, decoder=METASPACE)
    kind("model Unigram with control pieces", unigram(before=["<unk>", "<s>", "</s>", "<|endoftext|>"]), [*control, EOT], pre_tokenizer=METASPACE, decoder=METASPACE)
    kind("model WordPiece", pieces, normalizer=BERT, pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": True}, post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})  # fmt: skip
    kind("model WordPiece, special tokens", pieces, [token(content, special=True) for content in ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]], normalizer=BERT, pre_tokenizer={"type": "BertPreTokenizer"}, decoder={"type": "WordPiece", "prefix": "##", "cleanup": False})  # fmt: skip
    kind("model WordPiece, short words", {**pieces, "max_input_chars_per_word": 5}, pre_tokenizer={"type": "Whitespace"})
    kind("model WordPiece, another prefix", word_piece(prefix="@"), pre_tokenizer={"type": "Whitespace"}, decoder={"type": "WordPiece", "prefix": "@", "cleanup": True})
    kind("model WordPiece whole", pieces)
    kind("model WordPiece of old", {key: value for key, value in pieces.items() if key != "type"}, normalizer=BERT, pre_tokenizer={"type": "BertPreTokenizer"})
    kind("model WordLevel", words, pre_tokenizer={"type": "WhitespaceSplit"})
    kind("model WordLevel, Whitespace", words, [token("<mask>")], pre_tokenizer={"type": "Whitespace"})
    kind("model WordLevel whole", words)

    # Added tokens, with every choice of flags: one token at a time, so that each flag's part is seen.
    for number in range(32):
        flags = {flag: bool(number >> at & 1) for at, flag in enumerate(FLAGS)}
        name = ", ".join(flag for flag in FLAGS if flags[flag]) or "no flags"
        kind(f"added {name}", metaspaced, [token(content, **flags) for content in ["<mask>", "loss", "Café", "a b", "患者"]], normalizer=one["NFKC"], pre_tokenizer=METASPACE)
    kind("added overlapping", text, OVERLAPPING)
    kind("added overlapping, special among them", text, [{**each, "special": at in [0, 4]} for at, each in enumerate(OVERLAPPING)])
    kind("added overlapping, normalized", text, [{**each, "normalized": True} for each in OVERLAPPING], normalizer=one["Lowercase"])
    mixed = [token("<mask>", lstrip=True, special=True), token("<sep>", rstrip=True, special=True), token("loss", single_word=True, normalized=True), token("Café", normalized=True), token("[MASK]", normalized=True, special=True), token("big", lstrip=True, rstrip=True, normalized=True), token("<both>", lstrip=True, rstrip=True)]  # fmt: skip
    for name, step in {"Lowercase": one["Lowercase"], "NFKC": one["NFKC"], "Prepend, Replace": SENTENCEPIECE, "Bert": BERT, "Strip": normalizers["Strip both"], "Precompiled": normalizers["Precompiled"]}.items():
        kind(f"added mixed after {name}", metaspaced, mixed, normalizer=step)
    kind("added mixed before bytes", bytes_, mixed, pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": True}, decoder=BYTE_LEVEL)
    kind("added mixed before Metaspace first", metaspaced, mixed, pre_tokenizer={**METASPACE, "prepend_scheme": "first"}, decoder=METASPACE)
    kind("added mixed before WordLevel", words, mixed, normalizer=one["Lowercase"], pre_tokenizer={"type": "Whitespace"})
    kind("added pieces of the model", text, [token(piece) for piece in ["<unk>", "a", "the", "，"]])
    kind("added with ids of their own", text, [token("<mask>", id=len(text["vocab"]) + 50), token("<sep>", id=len(text["vocab"]) + 7), token("abab")])
    kind("added two hundred", metaspaced, [token(f"{a}{b}") for a in "患者男发热咳嗽肺炎的" for b in "，。、的一二中文「」《》（）龘者"], pre_tokenizer=METASPACE)

    # Decoders that no kind above has.
    tokens_of_words = dict(pre_tokenizer={"type": "Whitespace"})
    for name, step in {
        "Fuse": {"type": "Fuse"},
        "Strip": {"type": "Strip", "content": "a", "start": 2, "stop": 0},
        "Replace Regex": {"type": "Replace", "pattern": {"Regex": "[a-e]+"}, "content": "_"},
        "CTC": {"type": "CTC", "pad_token": "<unk>", "word_delimiter_token": "|", "cleanup": True},
        "BPEDecoder": {"type": "BPEDecoder", "suffix": "a"},
        "ByteFallback": {"type": "ByteFallback"},
        "WordPiece": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "a sequence": sequence("decoders", {"type": "Fuse"}, {"type": "Replace", "pattern": {"String": "a"}, "content": "bb"}, {"type": "Strip", "content": "b", "start": 1, "stop": 0}),
        "none": None,
    }.items():  # fmt: skip
        kind(f"decoder {name}", text, **tokens_of_words, decoder=step)

    # Post-processors, which leave ids alone when no special tokens are asked for.
    for name, step in {
        "ByteLevel": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        "Roberta": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": False},
        "Bert": {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]},
        "template": template(["<s>"], [], {"<s>": 1}),
        "template at both ends": template(["<s>", "<s>"], ["</s>"], {"<s>": 1, "</s>": 2}),
        "a sequence": {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, template(["<s>"], [], {"<s>": 1})]},
    }.items():  # fmt: skip
        kind(f"post-processor {name}", metaspaced, control, pre_tokenizer=METASPACE, decoder=METASPACE, post_processor=step)
    kind("truncation and padding", metaspaced, control, pre_tokenizer=METASPACE, truncation={"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}, padding={"strategy": {"Fixed": 6}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 2, "pad_type_id": 0, "pad_token": "</s>"})  # fmt: skip
    return made


def template(before: list[str], after: list[str], ids: dict[str, int]) -> dict:
    special = lambda names: [{"SpecialToken": {"id": name, "type_id": 0}} for name in names]
    row = [*special(before), {"Sequence": {"id": "A", "type_id": 0}}, *special(after)]
    return {"type": "TemplateProcessing", "single": row, "pair": [*row, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in ids.items()}}  # fmt: skip


def charsmap() -> str:
    """A charsmap in SentencePiece's form: a double-array trie of UTF-8 keys, then the texts that they become, each ended by NUL."""
    rules = {"ａ": "a", "Ａ": "A", "Ｂ": "B", "！": "!", "～": "~", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "½": "1/2", "²": "2", "ﬁ": "fi", "①": "1", "e\u0301": "é", "\u200b": "", "\ufeff": "", "ｶﾞ": "ガ", "ﷺ": "صلى"}  # fmt: skip
    texts, places = b"", {}
    for key, value in rules.items():
        places[key.encode()] = len(texts)
        texts += value.encode() + b"\0"
    units = double_array(dict(sorted(places.items())))
    trie = np.asarray(units, dtype="<u4").tobytes()
    return base64.b64encode(len(trie).to_bytes(4, "little") + trie + texts).decode()


def double_array(values: dict[bytes, int]) -> list[int]:
    """Darts-clone's format: a unit is offset << 10 | has leaf << 8 | label; a leaf is 1 << 31 | value."""
    tree: dict = {}
    for key, value in values.items():
        node = tree
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = value
    size = 1 << 14
    units, used = [0] * size, [False] * size
    used[0] = True

    def place(node: dict, at: int) -> None:
        # Small offsets only: those of 2^21 and more are written otherwise.
        offset = next(offset for offset in range(1, size) if all(not used[at ^ offset ^ label] for label in node))
        base = at ^ offset
        units[at] |= offset << 10
        for label in node:
            used[base ^ label] = True
        for label, child in node.items():
            if label == 0:
                units[at] |= 1 << 8
                units[base] = child | 1 << 31
            else:
                units[base ^ label] |= label
        for label, child in node.items():
            if label != 0:
                place(child, base ^ label)

    place(tree, 0)
    last = max(at for at, taken in enumerate(used) if taken)
    return units[: (last // 256 + 1) * 256]


# ------------------------------------------------------------------------------------------------------------------------ file


def whole(kind: dict) -> dict:
    """As a file: with ids of added tokens, as `tokenizers` itself gives them."""
    model = kind["model"]
    sized = len(model["vocab"])
    known_ids = model["vocab"] if isinstance(model["vocab"], dict) else {piece: at for at, (piece, _) in enumerate(model["vocab"])}
    added, following = [], sized
    for each in kind["added_tokens"]:
        content = each["content"]
        at = each.get("id", known_ids.get(content, following))
        following += content not in known_ids
        added.append({"id": at, **{key: value for key, value in each.items() if key != "id"}})
    empty = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    return {**empty, **kind, "added_tokens": added}


def fnv(ids: list[int]) -> int:
    """FNV-1a over 32-bit words."""
    value = 0x811C9DC5
    for id in ids:
        value = ((value ^ id) * 0x01000193) & 0xFFFFFFFF
    return value


def packed(hashes: list[int]) -> str:
    return base64.b64encode(np.asarray(hashes, dtype="<u4").tobytes()).decode()


class Kind:
    def __init__(self, name: str, kind: dict):
        self.name, self.json = name, json.dumps(whole(kind), ensure_ascii=False, separators=(",", ":"))
        self.special = any(each["special"] for each in kind["added_tokens"])
        self.tokenizer = Tokenizer.from_str(self.json)
        # All of a text is wanted, and nothing else.
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def encode(self, texts: list[str], plain: bool = False) -> list:
        self.tokenizer.encode_special_tokens = plain
        return self.tokenizer.encode_batch(texts, add_special_tokens=False)

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    def expected(self, texts: list[str]) -> dict:
        encoded = self.encode(texts)
        ids = [each.ids for each in encoded]
        decoded = [self.decode(each) for each in ids]
        result = {
            "name": self.name,
            "first": [{"ids": each.ids, "offsets": [place for offset in each.offsets for place in offset], "text": text} for each, text in zip(encoded[:IN_FULL], decoded)],
            "ids": packed([fnv(each) for each in ids]),
            "decoded": packed([fnv(list(text.encode("utf-16-le"))) for text in decoded]),
            "size": self.tokenizer.get_vocab_size(with_added_tokens=True),
        }  # fmt: skip
        ends = self.tokenizer.encode("", add_special_tokens=True).ids
        if ends:
            result["around"] = self.tokenizer.encode("a", add_special_tokens=True).ids
        if self.special:
            result["plain"] = packed([fnv(each.ids) for each in self.encode(texts, plain=True)])
        return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", nargs="+", metavar=("KIND", "AT"))
    parser.add_argument("--seed", type=int, default=SEED, help="other strings, with the same tokenizers")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    texts = (FIRST + make_strings(options.seed, COUNT))[:COUNT]
    if options.show:
        name, *at = options.show
        one = Kind(name, kinds()[name])
        for index in map(int, at) if at else range(COUNT):
            encoding, plain = one.encode([texts[index]])[0], one.encode([texts[index]], plain=True)[0]
            print(index, json.dumps(texts[index]), encoding.ids, encoding.tokens, plain.ids if plain.ids != encoding.ids else "", json.dumps(one.decode(encoding.ids)))
        return
    made = [Kind(name, kind) for name, kind in kinds().items()]
    fixture = {
        "tokenizers": tokenizers.__version__,
        "texts": texts,
        "files": [kind.json for kind in made],
        "kinds": [kind.expected(texts) for kind in made],
    }
    options.out.parent.mkdir(exist_ok=True)
    # No time and no name in the header: the same bytes each time.
    options.out.write_bytes(gzip.compress(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")).encode(), compresslevel=9, mtime=0))
    print(f"{len(made)} kinds, {len(texts)} strings, {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
