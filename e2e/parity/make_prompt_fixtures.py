"""Makes the fixtures of prefix tuning, prompt tuning and LLaMA-Adapter: what PEFT computes above some of the tiny models of
make_family_fixtures.py.

    pip install torch transformers peft safetensors
    python e2e/parity/make_prompt_fixtures.py            # writes fixtures/prompts
    python e2e/parity/make_prompt_fixtures.py --check BASE ADAPTER EXPECTED.json

A case has the adapter as `save_pretrained` writes it, its token losses and gradients, the losses of documents apart (each read alone, behind the
virtual tokens) and a greedy continuation, every token of which is found by reading the whole text anew. `--check` loads an adapter that the
studio wrote above its base (folders) and compares token losses: EXPECTED.json has rows, context, ids, targets (−1: none) and nll.
"""
import json
import shutil
import sys

import torch
from peft import AdaptionPromptConfig, PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from make_fixtures import FIXTURES, floats, write

FOLDER = FIXTURES / "prompts"
PREFIX = lambda n: PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=n)
PROMPT = lambda n: PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=n)
ADAPTION = lambda length, layers: AdaptionPromptConfig(task_type="CAUSAL_LM", adapter_len=length, adapter_layers=layers)
CASES = {
    "prefix-llama": ("llama-llama3", PREFIX(3)),
    "prefix-gpt2": ("gpt2", PREFIX(2)),
    "prefix-mistral": ("mistral", PREFIX(3)),
    "prompt-llama": ("llama-llama3", PROMPT(3)),
    "prompt-gpt2": ("gpt2", PROMPT(2)),
    "prompt-gemma2": ("gemma2", PROMPT(3)),
    "adapter-llama": ("llama-llama3", ADAPTION(3, 1)),
    "adapter-gpt2": ("gpt2", ADAPTION(2, 2)),
    "adapter-mistral": ("mistral", ADAPTION(4, 2)),
}


def base_of(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def logits_of(model, ids):
    """[rows, context, V] of the text's own tokens."""
    return model(input_ids=ids).logits.float()[:, -ids.shape[1]:]


def losses(model, ids, targets):
    logits = logits_of(model, ids).flatten(0, 1)
    nll = torch.nn.functional.cross_entropy(logits, targets.flatten(), ignore_index=-1, reduction="none")
    return nll, nll.sum() / (targets >= 0).sum()


def apart(model, ids, targets, documents):
    """nll of rows whose documents are read one by one."""
    nll = torch.zeros(ids.shape)
    for row in range(ids.shape[0]):
        for document in documents[row].unique():
            at = documents[row] == document
            nll[row, at] = losses(model, ids[row, at][None], targets[row, at])[0]
    return nll


def greedy(model, prompt, count):
    text = list(prompt)
    for _ in range(count):
        text.append(int(logits_of(model, torch.tensor([text]))[0, -1].argmax()))
    return text[len(prompt):]


def make(name: str) -> None:
    base_name, config = CASES[name]
    torch.manual_seed(11)
    base = FIXTURES / "families" / base_name
    model = get_peft_model(base_of(base), config).eval()
    trained = {key: p for key, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for key, parameter in trained.items():
            parameter.uniform_(0.4, 0.6) if "gate" in key else parameter.uniform_(-0.8, 0.8)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    stored = json.loads((folder / "adapter_config.json").read_text())
    stored["base_model_name_or_path"] = base_name
    write(folder / "adapter_config.json", stored)
    expected = json.loads((base / "expected.json").read_text())
    ids, targets, documents = (torch.tensor(expected[key]).view(expected["rows"], -1) for key in ("ids", "targets", "documents"))
    nll, loss = losses(model, ids, targets)
    loss.backward()
    # Under the names of the adapter's file.
    gradients = {"prompt_embeddings" if "prompt_encoder" in key else key: p.grad for key, p in trained.items()}
    save_file(gradients, folder / "gradients.safetensors")
    with torch.no_grad():
        separate = apart(model, ids, targets, documents)
        continued = greedy(model, expected["ids"][:4], 12)
    write(folder / "expected.json", {
        "base": base_name, **{key: expected[key] for key in ("rows", "context", "ids", "targets", "documents")},
        "nll": floats(nll), "loss": loss.item(), "packedNll": floats(separate), "greedy": continued,
    })
    print(name, {key: list(value.shape) for key, value in gradients.items()})


def check(base: str, adapter: str, expected_file: str) -> None:
    expected = json.loads(open(expected_file).read())
    model = PeftModel.from_pretrained(base_of(base), adapter).eval()
    ids, targets = (torch.tensor(expected[key]).view(expected["rows"], -1) for key in ("ids", "targets"))
    with torch.no_grad():
        nll, _ = losses(model, ids, targets)
    difference = (nll - torch.tensor(expected["nll"])).abs().max().item()
    print(json.dumps({"difference": difference}))
    sys.exit(0 if difference < 1e-5 else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(*sys.argv[2:5])
    for case in sys.argv[1:] or CASES:
        make(case)
