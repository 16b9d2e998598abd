"""Conversations through TRL's SFTTrainer, and texts through transformers' sequence classification, on the shipped nano model:
   python e2e/parity/make_sft_fixtures.py   (torch, transformers, trl, datasets, scikit-learn) -> e2e/parity/fixtures/sft.json"""
import json
import math
import pathlib
import re
import tempfile

import numpy as np
import torch
from datasets import Dataset
from sklearn import metrics
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from trl import SFTConfig, SFTTrainer

ROOT = pathlib.Path(__file__).parents[2]
NANO = str(ROOT / 'public/models/nano')
PLAIN = re.search(r'PLAIN_TEMPLATE = `(.*?)`;', (ROOT / 'workers/tokenizer/chat.ts').read_text(), re.S)[1].replace('\\\\n', '\\n')
CHATML = """{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- generation %}
        {{- message.content + '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""
# Whitespace around tags as transformers trims it.
TRIMMED = """{% for message in messages %}
  {% if message['role'] == 'assistant' %}
A: {% generation %}
  {{ message['content'] | trim }}{{ eos_token }}
  {% endgeneration %}
  {% else %}
Q: {{ message['content'] }}
  {% endif %}
{% endfor %}"""


def said(*contents, system=None):
    turns = [{'role': 'user' if at % 2 == 0 else 'assistant', 'content': content} for at, content in enumerate(contents)]
    return ([{'role': 'system', 'content': system}] if system else []) + turns


CONVERSATIONS = [
    said('What is fever?', 'A raised body temperature.'),
    said('何为贫血？', '血红蛋白过少。', '有何症状？', '乏力、面色苍白 🙂。', system='你是医生。'),
    said('Say it twice', ' twice\n\ntwice '),
    said('One', 'two', 'three', 'four', 'five', 'six', system='Count.'),
    said('A long question ' * 12, 'Short.'),
    said('Write much', 'words and more words ' * 30),
]
MAX_LENGTH = 65


def masked(template):
    tokenizer = AutoTokenizer.from_pretrained(NANO, chat_template=template)
    cases = []
    for messages in CONVERSATIONS:
        found = tokenizer.apply_chat_template(messages, return_assistant_tokens_mask=True, return_dict=True)
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        cases.append({'text': text, 'ids': found['input_ids'], 'mask': ''.join(map(str, found['assistant_masks']))})
    return cases


def trained(template):
    """Labels of SFTTrainer's own data set and collator, and the losses of each conversation on nano."""
    tokenizer = AutoTokenizer.from_pretrained(NANO, chat_template=template)
    model = AutoModelForCausalLM.from_pretrained(NANO, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as folder:
        args = SFTConfig(folder, assistant_only_loss=True, max_length=MAX_LENGTH, report_to='none', use_cpu=True, bf16=False, loss_type='nll')
        rows = Dataset.from_list([{'messages': messages} for messages in CONVERSATIONS])
        trainer = SFTTrainer(model, args, train_dataset=rows, processing_class=tokenizer)
        batch = trainer.data_collator([trainer.train_dataset[at] for at in range(len(trainer.train_dataset))])
    labels = batch['labels']
    with torch.no_grad():
        logits = model(input_ids=batch['input_ids'], attention_mask=batch['attention_mask']).logits
        mean = model(**batch).loss.item()
    nll = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction='none').sum(1)
    kept = [(labels[at][batch['attention_mask'][at] == 1]).tolist() for at in range(len(labels))]
    return {'labels': kept, 'nll': nll.tolist(), 'loss': mean}


TEXTS = [('Fever and cough since Monday.', 0), ('骨折三天，手臂肿胀。', 1), ('A rash', 2), ('Broken arm after a fall from a horse', 1)]


def classified():
    tokenizer = AutoTokenizer.from_pretrained(NANO)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(NANO, num_labels=3, dtype=torch.float32)
    generator = np.random.default_rng(5)
    score = np.round(generator.normal(0, 0.3, (3, model.config.hidden_size)), 3).astype(np.float32)
    model.score.weight.data = torch.tensor(score)
    found = {'score': score.flatten().tolist(), 'texts': TEXTS, 'ids': [tokenizer(text, add_special_tokens=False)['input_ids'] for text, _ in TEXTS], 'last': [], 'mean': []}
    states = {}
    for pooling in ('last', 'mean'):
        model.zero_grad()
        total = 0
        for text, label in TEXTS:
            ids = torch.tensor([tokenizer(text, add_special_tokens=False)['input_ids']])
            if pooling == 'last':
                model.config.pad_token_id = None
                logits = model(input_ids=ids).logits[0]
            else:
                logits = model.score(model.model(input_ids=ids).last_hidden_state[0].mean(0))
            loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([label]))
            total = total + loss / len(TEXTS)
            found[pooling].append({'loss': loss.item(), 'probabilities': torch.softmax(logits, 0).tolist()})
        total.backward()
        found[f'{pooling}Gradient'] = model.score.weight.grad.flatten()[:12].tolist()
    return found


def measured():
    """A three-class set and what scikit-learn measures of it; the expected calibration error is Guo et al.'s (2017), written out here."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 3, 90)
    logits = generator.normal(0, 1.2, (90, 3))
    logits[np.arange(90), labels] += 1.1
    probabilities = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 4)
    probabilities[:, 2] = 1 - probabilities[:, 0] - probabilities[:, 1]
    predicted = probabilities.argmax(1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(labels, predicted, zero_division=0)
    confidence = probabilities.max(1)
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = sum(
        (bins == one).mean() * abs((predicted == labels)[bins == one].mean() - confidence[bins == one].mean())
        for one in range(10)
        if (bins == one).any()
    )
    average = {kind: metrics.precision_recall_fscore_support(labels, predicted, average=kind, zero_division=0)[:3] for kind in ('micro', 'macro')}
    return {
        'labels': labels.tolist(),
        'probabilities': probabilities.round(6).tolist(),
        'confusion': metrics.confusion_matrix(labels, predicted).tolist(),
        'accuracy': metrics.accuracy_score(labels, predicted),
        'perLabel': [list(map(float, row)) for row in zip(precision, recall, f1)],
        'micro': list(map(float, average['micro'])),
        'macro': list(map(float, average['macro'])),
        'logLoss': float(-np.log(probabilities[np.arange(90), labels]).mean()),
        'calibrationError': float(error),
    }


def rounded(value):
    if isinstance(value, float):
        return value if value == 0 or not math.isfinite(value) else float(f'{value:.7g}')
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value


fixture = {
    'conversations': CONVERSATIONS,
    'maxLength': MAX_LENGTH,
    'templates': {name: {'template': template, 'cases': masked(template)} for name, template in (('plain', PLAIN), ('chatml', CHATML), ('trimmed', TRIMMED))},
    'sft': trained(PLAIN),
    'classification': classified(),
    'measures': measured(),
}
(ROOT / 'e2e/parity/fixtures/sft.json').write_text(json.dumps(rounded(fixture), ensure_ascii=False, separators=(',', ':')) + '\n')
