"""Gradients of the terms of a distillation by torch's autograd, for tiny models of make_fixtures.py and make_family_fixtures.py.

    python e2e/parity/make_distillation_fixtures.py       # writes fixtures/distillation.json

The teacher is the model with 0.05 cos(1.3 i + 1) added to element i of each parameter. The first row is taught, the second is not. Of a gradient there are its norm and its product with cos(0.7 i), for each parameter.
"""
import torch
from torch.nn import functional as F
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


def case(name):
    student, teacher = load(name), load(name)
    with torch.no_grad():
        for parameter in teacher.parameters():
            places = torch.arange(parameter.numel(), dtype=torch.float64)
            parameter.add_((0.05 * torch.cos(1.3 * places + 1)).float().view_as(parameter))
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(0, student.config.vocab_size, (ROWS, CONTEXT), generator=generator)
    targets = torch.cat([ids[:, 1:], torch.randint(0, student.config.vocab_size, (ROWS, 1), generator=generator)], 1)
    targets[0, 3] = -1
    predicted = (targets >= 0).float()
    share = predicted / predicted.sum()
    taught = share * torch.tensor([[1.0], [0.0]])
    with torch.no_grad():
        told = run(teacher, ids)
    terms = {}
    for term, weights in TERMS.items():
        student.zero_grad()
        own = run(student, ids)
        nll = F.cross_entropy(own.logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="none").view(ROWS, CONTEXT)
        loss = ((share - taught + weights["crossEntropy"] * taught) * nll).sum()
        log_p = F.log_softmax(own.logits / TEMPERATURE, -1)
        log_t = F.log_softmax(told.logits / TEMPERATURE, -1)
        kl = F.kl_div(log_p, log_t, log_target=True, reduction="none").sum(-1)
        loss = loss + weights["logits"] * TEMPERATURE**2 * (taught * kl).sum()
        layers = range(1, len(own.hidden_states)) if weights["allLayers"] else [-1]
        squares = torch.stack([((own.hidden_states[at] - told.hidden_states[at]) ** 2).mean(-1) for at in layers]).mean(0)
        loss = loss + weights["hidden"] * (taught * squares).sum()
        if weights["attention"] > 0:
            apart = [(a * (torch.where(a > 0, a, 1).log() - torch.where(a > 0, b, 1).log())).sum(-1).mean(1)
                     for a, b in zip(told.attentions, own.attentions)]
            loss = loss + weights["attention"] * (taught * torch.stack(apart).mean(0)).sum()
        loss.backward()
        gradients = {}
        for key, parameter in student.named_parameters():
            flat = parameter.grad.double().flatten()
            gradients[key] = [flat.norm().item(), (flat * torch.cos(0.7 * torch.arange(len(flat), dtype=torch.float64))).sum().item()]
        terms[term] = dict(weights=weights, loss=loss.item(), gradients=gradients)
    return dict(model=name, rows=ROWS, context=CONTEXT, temperature=TEMPERATURE,
                ids=ids.flatten().tolist(), targets=targets.flatten().tolist(), terms=terms)


if __name__ == "__main__":
    write(FIXTURES / "distillation.json", [case("tiny-tied"), case("families/gemma2")])
