"""Makes the fixtures of low-rank adapters: what PEFT computes above some of the tiny models of make_family_fixtures.py.

    pip install torch transformers peft safetensors
    python e2e/parity/make_adapter_fixtures.py            # writes fixtures/adapters
    python e2e/parity/make_adapter_fixtures.py --check BASE ADAPTER EXPECTED.json

A case has the adapter as `save_pretrained` writes it, its token losses and the gradients of A and B. `--check` loads an adapter that the
studio wrote above its base (folders) and compares token losses: EXPECTED.json has rows, context, ids, targets (−1: none) and nll.
"""
import json
import shutil
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from make_fixtures import FIXTURES, floats, losses, write

FOLDER = FIXTURES / "adapters"
CASES = {
    "llama": ("llama-llama3", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
    "gpt2": ("gpt2", dict(r=4, lora_alpha=6, use_rslora=True, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True)),
    "gpt-neox": ("gpt-neox", dict(r=3, lora_alpha=6, target_modules=["query_key_value", "dense_4h_to_h"],
                                  rank_pattern={"dense_4h_to_h": 2}, alpha_pattern={"layers.1.attention.query_key_value": 9})),
    "phi3": ("phi3", dict(r=2, lora_alpha=4, target_modules="all-linear", modules_to_save=["embed_tokens", "lm_head"])),
    "qwen2": ("qwen2", dict(r=2, lora_alpha=4, target_modules=["down_proj"], modules_to_save=["embed_tokens", "lm_head"])),
}


def base_of(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def make(name: str) -> None:
    base_name, options = CASES[name]
    torch.manual_seed(7)
    base = FIXTURES / "families" / base_name
    model = get_peft_model(base_of(base), LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    tied = {}
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_B" in key:
                parameter.uniform_(-0.3, 0.3)
            if "modules_to_save" in key:
                # Of a tied model both copies stay alike.
                noise = tied.setdefault(parameter.shape, torch.empty_like(parameter).uniform_(-0.05, 0.05))
                parameter.add_(noise)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base_name
    write(folder / "adapter_config.json", config)
    expected = json.loads((base / "expected.json").read_text())
    ids, targets = (torch.tensor(expected[key]).view(expected["rows"], -1) for key in ("ids", "targets"))
    _, nll, loss = losses(model, ids, targets)
    loss.backward()
    gradients = {key.replace(".default", ""): p.grad for key, p in model.named_parameters() if "lora_" in key}
    save_file(gradients, folder / "gradients.safetensors")
    write(folder / "expected.json", {
        "base": base_name, **{key: expected[key] for key in ("rows", "context", "ids", "targets")}, "nll": floats(nll), "loss": loss.item(),
    })
    print(name, sorted(load_file(folder / "adapter_model.safetensors"))[:4])


def check(base: str, adapter: str, expected_file: str) -> None:
    expected = json.loads(open(expected_file).read())
    model = PeftModel.from_pretrained(base_of(base), adapter).eval()
    ids, targets = (torch.tensor(expected[key]).view(expected["rows"], -1) for key in ("ids", "targets"))
    with torch.no_grad():
        _, nll, _ = losses(model, ids, targets)
    difference = (nll - torch.tensor(expected["nll"])).abs().max().item()
    print(json.dumps({"difference": difference}))
    sys.exit(0 if difference < 1e-5 else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(*sys.argv[2:5])
    for case in sys.argv[1:] or CASES:
        make(case)
