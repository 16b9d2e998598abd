"""Which characters `tokenizers` takes for what, asked of every code point: python e2e/parity/make_tokenizer_tables.py FOLDER

The first half of making workers/tokenizer/unicode/tables.ts and crate/expression-differences.ts: writes FOLDER/tokenizer-sets.json, which
`node e2e/parity/make-tokenizer-tables.mjs FOLDER` compares with JavaScript and with the crate's build, and writes the modules.
"""
import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

POINTS = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
EVERY = "".join(map(chr, POINTS))
PROPERTIES = (
    "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Co Cn Han Hiragana Katakana Hangul Bopomofo "
    "Latin Greek Cyrillic Arabic Hebrew Thai Lao Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Khmer Myanmar Tibetan "
    "Georgian Armenian Ethiopic Mongolian Sinhala Common Inherited Alphabetic Uppercase Lowercase White_Space Emoji Emoji_Presentation "
    "Emoji_Modifier Extended_Pictographic Ideographic Alnum Alpha Blank Cntrl Digit Graph Lower Print Punct Space Upper XDigit Word Assigned "
    "ID_Start ID_Continue XID_Start XID_Continue Case_Ignorable Default_Ignorable_Code_Point Dash Hex_Digit Unified_Ideograph Variation_Selector"
).split()
CLASSES = {
    **{name: rf"\p{{{name}}}" for name in PROPERTIES},
    **{rf"\{letter}": rf"\{letter}" for letter in "wdsh"},
    **{f"[:{name}:]": f"[[:{name}:]]" for name in "alnum alpha blank cntrl digit graph lower print punct space upper xdigit word".split()},
}


def ranges(points: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def removed_by(step: pre_tokenizers.PreTokenizer) -> list[list[int]]:
    kept = set("".join(piece for piece, _ in step.pre_tokenize_str(EVERY)))
    return ranges([point for point in POINTS if chr(point) not in kept])


def left_out_by(normalizer: normalizers.Normalizer) -> list[list[int]]:
    return ranges([point for point in POINTS if normalizer.normalize_str(chr(point)) == ""])


def bert(**options: bool) -> normalizers.BertNormalizer:
    return normalizers.BertNormalizer(**{"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False, **options})


def words() -> list[list[int]]:
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, "loss": 1}, unk_token="<unk>"))
    tokenizer.add_tokens([AddedToken("loss", single_word=True, normalized=False)])
    encoded = tokenizer.encode_batch([f"{chr(point)}loss" for point in POINTS])
    return ranges([point for point, each in zip(POINTS, encoded) if 1 not in each.ids])


def active(form: str) -> dict[int, list[str]]:
    """What the form makes of characters that it does not leave alone, by themselves, before a mark and after one."""
    normalize = getattr(normalizers, form)().normalize_str
    before = normalize("a\u0301")
    results = {}
    for point in POINTS:
        character = chr(point)
        made = [normalize(character), normalize(f"a{character}\u0316"), normalize(f"a\u0301{character}")]
        if made != [character, f"a{character}\u0316", before + character]:
            results[point] = made
    return results


def main() -> None:
    expressions = {}
    for name, pattern in CLASSES.items():
        try:
            expressions[name] = {"pattern": pattern, "ranges": removed_by(pre_tokenizers.Split(Regex(pattern), "removed"))}
        except Exception as error:
            print(name, error)
    sets = {
        "LETTER": expressions["L"]["ranges"],
        "NUMBER": expressions["N"]["ranges"],
        "WORD": words(),
        "PUNCTUATION": removed_by(pre_tokenizers.Punctuation("removed")),
        "CONTROL": left_out_by(bert(clean_text=True)),
        "COMBINING": left_out_by(normalizers.StripAccents()),
        "MARK": left_out_by(bert(strip_accents=True)),
    }
    forms = {form: active(form) for form in ["NFC", "NFD", "NFKC", "NFKD"]}
    path = Path(sys.argv[1]) / "tokenizer-sets.json"
    path.write_text(json.dumps({"sets": sets, "forms": forms, "expressions": expressions}))
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
