"""Gradients of the terms of a distillation by torch's autograd, for tiny models of make_fixtures.py and make_family_fixtures.py.

    python e2e/parity/make_distillation_fixtures.py       # writes fixtures/distillation.json and fixtures/momentum.json

The teacher is the model with 0.05 cos(1.3 i + 1) added to element i of each parameter, or another one. The first row is taught, the second is not. Of a gradient there are its norm and its product with cos(0.7 i), for each parameter.
`mapped` has a teacher of another width, to which one matrix W_h [width of the teacher, own width] maps the states of every layer (TinyBERT).

momentum.json is a run: AdamW, taught by torch.optim.swa_utils.AveragedModel of its own weights (get_ema_multi_avg_fn), which is updated every second
step, its first update being the copy before the first step; and averages of other settings beside it, which teach nothing.
"""
import torch
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import AutoModelForCausalLM

from make_fixtures import FIXTURES, write

ROWS, CONTEXT = 2, 9
TERMS = {
    "logits": dict(crossEntropy=0.7, logits=0.3, hidden=0, allLayers=False, attention=0),
    "last": dict(crossEntropy=1, logits=0, hidden=0.6, allLayers=False, attention=0),
    "all": dict(crossEntropy=1, logits=0, hidden=0.6, allLayers=True, attention=0),
    "attention": dict(crossEntropy=0.5, logits=0.5, hidden=0, allLayers=False, attention=3),
}
TEMPERATURE = 2.5


def load(name):
    return AutoModelForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32, attn_implementation="eager").eval()


def run(model, ids):
    return model(ids, output_hidden_states=True, output_attentions=True, use_cache=False)


def digest(tensor):
    flat = tensor.detach().double().flatten()
    return [flat.norm().item(), (flat * torch.cos(0.7 * torch.arange(len(flat), dtype=torch.float64))).sum().item()]


def text(vocabulary, seed=3):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, vocabulary, (ROWS, CONTEXT), generator=generator)
    targets = torch.cat([ids[:, 1:], torch.randint(0, vocabulary, (ROWS, 1), generator=generator)], 1)
    targets[0, 3] = -1
    predicted = (targets >= 0).float()
    share = predicted / predicted.sum()
    return ids, targets, share, share * torch.tensor([[1.0], [0.0]])


def case(name, taught_by=None):
    student, teacher = load(name), load(taught_by or name)
    with torch.no_grad():
        for parameter in teacher.parameters() if taught_by is None else ():
            places = torch.arange(parameter.numel(), dtype=torch.float64)
            parameter.add_((0.05 * torch.cos(1.3 * places + 1)).float().view_as(parameter))
    ids, targets, share, taught = text(student.config.vocab_size)
    widths = (teacher.config.hidden_size, student.config.hidden_size)
    # None where the widths are the same.
    mapped = None if taught_by is None else (0.3 * torch.sin(1.1 * torch.arange(widths[0] * widths[1], dtype=torch.float64))).float().view(widths).requires_grad_()
    fit = (lambda states: states) if mapped is None else (lambda states: states @ mapped.T)
    with torch.no_grad():
        told = run(teacher, ids)
    terms = {}
    for term, weights in TERMS.items():
        if mapped is not None and weights["hidden"] == 0:
            continue
        student.zero_grad()
        if mapped is not None:
            mapped.grad = None
        own = run(student, ids)
        nll = F.cross_entropy(own.logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none").view(ROWS, CONTEXT)
        loss = ((share - taught + weights["crossEntropy"] * taught) * nll).sum()
        log_p = F.log_softmax(own.logits / TEMPERATURE, -1)
        log_t = F.log_softmax(told.logits / TEMPERATURE, -1)
        kl = F.kl_div(log_p, log_t, log_target=True, reduction="none").sum(-1)
        loss = loss + weights["logits"] * TEMPERATURE**2 * (taught * kl).sum()
        layers = range(1, len(own.hidden_states)) if weights["allLayers"] else [-1]
        squares = torch.stack([((fit(own.hidden_states[at]) - told.hidden_states[at]) ** 2).mean(-1) for at in layers]).mean(0)
        loss = loss + weights["hidden"] * (taught * squares).sum()
        if weights["attention"] > 0:
            apart = [(a * (torch.where(a > 0, a, 1).log() - torch.where(a > 0, b, 1).log())).sum(-1).mean(1)
                     for a, b in zip(told.attentions, own.attentions)]
            loss = loss + weights["attention"] * (taught * torch.stack(apart).mean(0)).sum()
        loss.backward()
        gradients = {}
        for key, parameter in student.named_parameters():
            gradients[key] = digest(parameter.grad)
        terms[term] = dict(weights=weights, loss=loss.item(), gradients=gradients, **({} if mapped is None else {"map": digest(mapped.grad)}))
    return dict(model=name, **({"teacher": taught_by} if taught_by else {}), rows=ROWS, context=CONTEXT, temperature=TEMPERATURE,
                ids=ids.flatten().tolist(), targets=targets.flatten().tolist(), terms=terms)


STEPS, LR, ALPHA = 5, 2e-3, 0.4
TEACHING = dict(decay=0.7, start=0, every=2)
AVERAGES = [dict(decay=0.9, start=2, every=1), dict(decay=0.3, start=0, every=1)]


def momentum(name):
    model = load(name)
    made = torch.optim.AdamW(model.parameters(), lr=LR, betas=(0.9, 0.95), eps=1e-8, weight_decay=0)
    kept = [(settings, AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings["decay"]))) for settings in [TEACHING, *AVERAGES]]

    def update(step):
        for settings, average in kept:
            if step >= settings["start"] and (step - settings["start"]) % settings["every"] == 0:
                average.update_parameters(model)

    update(0)
    batches, losses = [], []
    for step in range(STEPS):
        ids, targets, share, taught = text(model.config.vocab_size, 20 + step)
        with torch.no_grad():
            told = run(kept[0][1].module, ids)
        own = run(model, ids)
        nll = F.cross_entropy(own.logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none").view(ROWS, CONTEXT)
        kl = F.kl_div(F.log_softmax(own.logits / TEMPERATURE, -1), F.log_softmax(told.logits / TEMPERATURE, -1), log_target=True, reduction="none").sum(-1)
        loss = ((share - taught + ALPHA * taught) * nll).sum() + (1 - ALPHA) * TEMPERATURE**2 * (taught * kl).sum()
        made.zero_grad()
        loss.backward()
        made.step()
        update(step + 1)
        batches.append(dict(ids=ids.flatten().tolist(), targets=targets.flatten().tolist()))
        losses.append(nll.detach().sum(1).tolist())
    digests = lambda module: {key: digest(parameter) for key, parameter in module.named_parameters()}
    return dict(model=name, rows=ROWS, context=CONTEXT, temperature=TEMPERATURE, alpha=ALPHA, lr=LR, batches=batches, losses=losses,
                weights=digests(model), averages=[dict(settings=settings, weights=digests(average.module)) for settings, average in kept])


if __name__ == "__main__":
    write(FIXTURES / "distillation.json", [case("tiny-tied"), case("families/gemma2"), case("families/smollm3", "families/phi3")])
    write(FIXTURES / "momentum.json", momentum("families/smollm3"))
