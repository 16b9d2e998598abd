"""Writes fixtures/metrics.json: BLEU and chrF by sacreBLEU, ROUGE-L by rouge-score, METEOR and stems by nltk, exact match and F1 by the
evaluation scripts of SQuAD and MLQA, Bradley-Terry scores by SciPy, a linear probe by scikit-learn, binomial tails by SciPy.

    pip install sacrebleu==2.6.0 rouge-score==0.1.2 scipy==1.17.1 nltk==3.10.4 scikit-learn==1.9.1
    python e2e/parity/make_metric_fixtures.py

rouge-score's own tokenizer drops every character outside a-z0-9; for other text it is given one that keeps the words of alphabets whole and
takes each character of a script that parts no words by itself. nltk gets the bundled synonyms in place of WordNet, and words cut as the
studio cuts them.
"""

import collections
import json
import re
import string
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.meteor_score import single_meteor_score
from rouge_score import rouge_scorer
from scipy.optimize import minimize
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

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
    ("The doctor often starts a large treatment.", "A physician frequently began the big therapies."),
    ("patients were treating the illnesses with medication", "the patient was treated for a disease with drugs"),
    ("the cat sat on the mat and the dog sat on the cat", "the dog and the cat sat on the mat"),
    ("医生开始治疗病人", "大夫起始医治患者的疾病"),
    ("Paris", "the Paris."),
]

WORDS = """caresses ponies ties cats dies flies skies agreed feed plastered bled motoring sing conflated troubled sized hopping tanned falling
hissing fizzed failing filing happy sky enjoy enjoyment spied died tried relational conditional rational valenci digitizer conformably
radically differently vilely analogously vietnamization predication operator feudalism decisiveness hopefulness callousness formality
sensitivity sensibility triplicate formative formalize electrical hopeful goodness revival allowance inference airliner gyroscopic adjustable
defensible irritant replacement adjustment dependent adoption communism activate angularity homologous effective bowdlerize probate rate cease
controll roll geology archaeology theology hopefully yyyy news innings proceed lying be by yes inflammation inflamed diagnoses therapies
illnesses medication treated treating medicines starting numerous bless able generally fully""".split()


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


def bundled_synonyms():
    source = (Path(__file__).parents[2] / "src" / "core" / "text" / "perturb.ts").read_text(encoding="utf-8")
    listed = source[source.index("COMMON_SYNONYMS") :]
    return [re.findall(r"'([^']+)'", group) for group in re.findall(r"^  \[(.+)\],$", listed, re.MULTILINE)]


SYNONYMS = bundled_synonyms()
STEMMER = PorterStemmer()


class BundledSynonyms:
    """What nltk asks of WordNet. It looks stems up, so stems are what it is given."""

    def synsets(self, word):
        groups = [[STEMMER.stem(name) for name in group if " " not in name] for group in SYNONYMS]
        lemmas = [[SimpleNamespace(name=lambda name=name: name) for name in group] for group in groups if word in group]
        return [SimpleNamespace(lemmas=lambda found=found: found) for found in lemmas]


def meteor_words(text):
    chinese = [name for group in SYNONYMS for name in group if ord(name[0]) > 0x3000]
    parts = re.split("(" + "|".join(chinese) + ")", text)
    return [word for at, part in enumerate(parts) for word in ([part] if at % 2 else MixedTokenizer().tokenize(part))]


def squad_words(text):
    """normalize_answer of SQuAD's evaluate-v2.0.py, cut into words."""
    text = "".join(character for character in text.lower() if character not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


PUNCTUATION = {chr(i) for i in range(sys.maxunicode) if unicodedata.category(chr(i)).startswith("P")}.union(string.punctuation)


def mlqa_words(text):
    """normalize_answer of MLQA's mlqa_evaluation_v1.py with mixed segmentation, of Chinese."""
    words, open_word = [], ""
    for character in "".join(character for character in text.lower() if character not in PUNCTUATION):
        if re.search(r"[\u4e00-\u9fa5]", character):
            words += open_word.split() + [character]
            open_word = ""
        else:
            open_word += character
    return words + open_word.split()


def word_f1(gold, given):
    if not gold or not given:
        return float(gold == given)
    same = sum((collections.Counter(gold) & collections.Counter(given)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(given), same / len(gold)
    return 2 * precision * recall / (precision + recall)


def answer(text, reference):
    other = re.search(r"[\u3040-\u30ff\u0e00-\u0e7f]", text + reference)
    if other:
        return {}
    cut = mlqa_words if re.search(r"[\u4e00-\u9fa5]", text + reference) else squad_words
    gold, given = cut(reference), cut(text)
    return {"exact": int(gold == given), "f1": word_f1(gold, given)}


def bradley_terry(wins):
    """Scores against the first with half a win of each over each, and Wald's intervals, of wins[i][j]: i over j."""
    wins = np.array(wins, float)
    count = len(wins)
    compared = (wins + wins.T) > 0
    wins = wins + np.where(compared, 0.5, 0)

    def loss(scores):
        scores = np.concatenate([[0], scores])
        return sum(wins[i, j] * np.log1p(np.exp(scores[j] - scores[i])) for i in range(count) for j in range(count) if i != j)

    found = minimize(loss, np.zeros(count - 1), method="BFGS", options={"gtol": 1e-10}).x
    scores = np.concatenate([[0], found])
    chance = 1 / (1 + np.exp(-(scores[:, None] - scores[None, :])))
    weight = (wins + wins.T) * chance * (1 - chance)
    information = (np.diag(weight.sum(1)) - weight)[1:, 1:]
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    return [{"score": s, "low": s - 1.959963985 * e, "high": s + 1.959963985 * e} for s, e in zip(found, error)]


def linear_probe():
    random = np.random.default_rng(18)
    centres = random.normal(size=(3, 5))
    labels = np.arange(36) % 3
    rows = np.round(centres[labels] + random.normal(size=(36, 5)) * 0.9, 3)
    train, test = rows[:24], rows[24:]
    mean, spread = train.mean(0), train.std(0)
    # scikit-learn sums the losses and halves the penalty: C = 1 / (rows * strength).
    model = LogisticRegression(C=1 / (24 * 0.01), tol=1e-10, max_iter=10000).fit((train - mean) / spread, labels[:24])
    return {
        "rows": rows.tolist(),
        "labels": labels.tolist(),
        "train": 24,
        "strength": 0.01,
        "probabilities": model.predict_proba((test - mean) / spread).tolist(),
        "right": int((model.predict((test - mean) / spread) == labels[24:]).sum()),
    }


WINS = [[[0, 6], [14, 0]], [[0, 0], [20, 0]], [[0, 3.5, 2], [8.5, 0, 5], [9, 6, 0]]]


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
                "chrf": sacrebleu.sentence_chrf(text, [reference]).score,
                "meteor": single_meteor_score(meteor_words(reference), meteor_words(text), wordnet=BundledSynonyms(), stemmer=STEMMER),
                **answer(text, reference),
            }
        )
    texts = [text for text, _ in PAIRS]
    references = [[reference for _, reference in PAIRS]]
    tails = [(0, 10, 0.25), (5, 10, 0.25), (10, 10, 0.25), (30, 60, 0.5), (38, 60, 0.5), (27, 100, 0.25), (180, 500, 0.25)]
    fixtures = {
        "sentences": sentences,
        "corpus": {tokenizer: sacrebleu.corpus_bleu(texts, references, tokenize=tokenizer).score for tokenizer in ("13a", "char", "zh")},
        "chrf": sacrebleu.corpus_chrf(texts, references).score,
        "stems": {word: STEMMER.stem(word) for word in WORDS},
        "bradleyTerry": [{"wins": wins, "scores": bradley_terry(wins)} for wins in WINS],
        "probe": linear_probe(),
        "binomial": [
            {"correct": k, "items": n, "chance": p, "tail": binomtest(k, n, p, alternative="greater").pvalue} for k, n, p in tails
        ],
    }
    out = Path(__file__).parent / "fixtures" / "metrics.json"
    out.write_text(json.dumps(fixtures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


main()
