"""Writes fixtures/metrics.json: BLEU by sacreBLEU, ROUGE-L by rouge-score, binomial tails by SciPy.

    pip install sacrebleu==2.6.0 rouge-score==0.1.2 scipy==1.17.1
    python e2e/parity/make_metric_fixtures.py

rouge-score's own tokenizer drops every character outside a-z0-9; for other text it is given one that keeps the words of alphabets whole and
takes each character of a script that parts no words by itself.
"""

import json
import unicodedata
from pathlib import Path

import sacrebleu
from rouge_score import rouge_scorer
from scipy.stats import binomtest

PAIRS = [
    ("The patient was given 2.5 mg of the drug twice a day.", "The patient received 2.5 mg of the drug two times a day."),
    ("A disease of the heart, not of the lung.", "A disease of the heart; not of the lungs."),
    ("inflammation of the joint", "inflammation of a joint marked by pain"),
    ("nothing in common", "wholly other words"),
    ("word", "word"),
    ("", "an empty answer against a reference"),
    ("1,000 cells (ca. 3.5 %) died - see Fig. 2-4 &amp; text", "1,000 cells (ca. 3.6 %) died - see Fig. 2-5 & text"),
    ("病人需要立即治疗。", "患者需要立即接受治疗。"),
    ("这种药物用于治疗高血压,每天2次。", "该药物用于治疗高血压,每日2次。"),
    ("糖尿病", "糖尿病是一种慢性疾病"),
    ("DNA 是遗传物质,RNA 不是。", "DNA是主要的遗传物质,而RNA不是。"),
    ("天气很好", "股票下跌"),
    ("Aspirin 100mg 可以预防 heart attack。", "Aspirin 100 mg 能预防 heart attacks。"),
    ("“引号”与——破折号…☂", "“引号”和——破折号…☂"),
    ("Столица Франции Париж", "Столица Франции Париж"),
    ("El niño come peras", "Los niños comen peras; el niño no"),
    ("수도는 서울 이다", "대한민국의 수도는 서울 입니다"),
    ("ありがとうございます", "ありがとうございました"),
    ("患者は毎日薬を飲む。", "患者は一日二回コーヒーと薬を飲みます。"),
    ("عاصمة فرنسا باريس", "باريس هي عاصمة فرنسا"),
    ("ภาษาไทยไม่มีช่องว่าง", "ภาษาไทยมีช่องว่างบ้าง"),
    ("हिन्दी में दवा", "हिन्दी में दवाएँ"),
]


# Beginnings of the Unicode names of characters whose scripts part no words.
UNSPACED = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


class MixedTokenizer:
    """Lower-case words of letters, digits and marks; of a script that parts no words each character with its marks."""

    def tokenize(self, text):
        words, open_word = [], False
        for character in unicodedata.normalize("NFC", text.lower()):
            kind = unicodedata.category(character)[0]
            if kind == "M" and words and open_word is not None:
                words[-1] += character
            elif kind in "LN":
                unspaced = unicodedata.name(character, "").startswith(UNSPACED)
                if unspaced or open_word is not True:
                    words.append(character)
                else:
                    words[-1] += character
                open_word = not unspaced
            else:
                open_word = None
        return words


def main():
    rouge = rouge_scorer.RougeScorer(["rougeL"], tokenizer=MixedTokenizer())
    english = rouge_scorer.RougeScorer(["rougeL"])
    sentences = []
    for text, reference in PAIRS:
        score = rouge.score(reference, text)["rougeL"]
        if (text + reference).isascii():
            assert score == english.score(reference, text)["rougeL"]
        sentences.append(
            {
                "text": text,
                "reference": reference,
                "rougeL": [score.precision, score.recall, score.fmeasure],
                "bleu13a": sacrebleu.sentence_bleu(text, [reference], tokenize="13a").score,
                "bleuChar": sacrebleu.sentence_bleu(text, [reference], tokenize="char").score,
                "bleuZh": sacrebleu.sentence_bleu(text, [reference], tokenize="zh").score,
            }
        )
    texts = [text for text, _ in PAIRS]
    references = [[reference for _, reference in PAIRS]]
    tails = [(0, 10, 0.25), (5, 10, 0.25), (10, 10, 0.25), (30, 60, 0.5), (38, 60, 0.5), (27, 100, 0.25), (180, 500, 0.25)]
    fixtures = {
        "sentences": sentences,
        "corpus": {tokenizer: sacrebleu.corpus_bleu(texts, references, tokenize=tokenizer).score for tokenizer in ("13a", "char", "zh")},
        "binomial": [
            {"correct": k, "items": n, "chance": p, "tail": binomtest(k, n, p, alternative="greater").pvalue} for k, n, p in tails
        ],
    }
    out = Path(__file__).parent / "fixtures" / "metrics.json"
    out.write_text(json.dumps(fixtures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


main()
