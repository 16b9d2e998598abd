"""Makes the fixtures of quantised bases and of anchors under an adapter: fixtures/quantisation.json and fixtures/adapters/quantised.

    pip install torch transformers peft safetensors bitsandbytes
    python e2e/parity/make_quantisation_fixtures.py

- `nf4`, `int8`: what bitsandbytes makes of a matrix that both sides compute (`matrix`): codes, the 8-bit magnitudes with their scales and mean, and
  a sum over what it makes of them again.
- `losses`, gradients-*.safetensors: the adapter of fixtures/adapters/llama above its base, whose linear maps are what bitsandbytes makes of them and
  back; token losses, gradients of A and B by PyTorch.
- penalty-*.safetensors: gradients of λ/2 · Σ F (scale · B A)² + μ/2 · ‖scale · B A‖² by A and B, F as `fisher` has it.
"""
import base64
import json

import bitsandbytes.functional as bnb
import torch
from peft import PeftModel
from safetensors.torch import save_file

from make_adapter_fixtures import base_of
from make_fixtures import FIXTURES, floats, losses, write

FOLDER = FIXTURES / "adapters" / "quantised"
SHAPE = (136, 128)
LAMBDA, MU = 400.0, 0.25


def matrix(rows: int, columns: int) -> torch.Tensor:
    index = torch.arange(rows * columns, dtype=torch.float64)
    part = (index * 2654435761) % 4294967296 / 4294967296 - 0.5
    return (part**3 * 4).to(torch.float32).view(rows, columns)


def encoded(codes: torch.Tensor) -> str:
    return base64.b64encode(codes.contiguous().view(torch.uint8).numpy().tobytes()).decode()


def nf4(weight: torch.Tensor):
    return bnb.quantize_4bit(weight, blocksize=64, compress_statistics=True, quant_type="nf4")


def int8(weight: torch.Tensor):
    """bitsandbytes' own takes float16 alone; these are its lines (backends/default/ops.py) in float32."""
    absmax = weight.abs().amax(dim=-1)
    return torch.round(weight * (127.0 / absmax.unsqueeze(-1))).to(torch.int8), absmax


def restored(weight: torch.Tensor, how: str) -> torch.Tensor:
    if how == "nf4":
        # As one row: bitsandbytes 0.50's own kernel for CPUs reads rows of 32 with a wrong block's magnitude.
        return bnb.dequantize_4bit(*nf4(weight.reshape(1, -1))).view(weight.shape)
    codes, absmax = int8(weight)
    return codes.float() * (absmax / 127).unsqueeze(-1)


def fisher(rows: int, columns: int) -> torch.Tensor:
    return ((7 * torch.arange(rows).unsqueeze(1) + 3 * torch.arange(columns)) % 11).float() / 11


def matrices() -> dict:
    weight = matrix(*SHAPE)
    codes, state = nf4(weight)
    rows, absmax = int8(weight)
    half = weight.half()
    assert torch.equal(bnb.int8_vectorwise_quant(half)[0], int8(half.float())[0]), "bitsandbytes' own"
    return {
        "shape": SHAPE,
        "nf4": {
            "codes": encoded(codes), "numbers": encoded(state.absmax), "mean": state.offset.item(), "scales": floats(state.state2.absmax),
            "sum": bnb.dequantize_4bit(codes, state).abs().double().sum().item(),
        },
        "int8": {"codes": encoded(rows), "scales": floats(absmax / 127), "sum": restored(weight, "int8").abs().double().sum().item()},
    }


def gradients_of(model) -> dict:
    return {key.replace(".default", ""): p.grad.clone() for key, p in model.named_parameters() if "lora_" in key}


def above_quantised(how: str) -> list[float]:
    base = base_of(FIXTURES / "families" / "llama-llama3")
    with torch.no_grad():
        for name, module in base.named_modules():
            if isinstance(module, torch.nn.Linear) and "lm_head" not in name:
                module.weight.copy_(restored(module.weight, how))
    model = PeftModel.from_pretrained(base, FIXTURES / "adapters" / "llama", is_trainable=True).eval()
    expected = json.loads((FIXTURES / "adapters" / "llama" / "expected.json").read_text())
    ids, targets = (torch.tensor(expected[key]).view(expected["rows"], -1) for key in ("ids", "targets"))
    _, nll, loss = losses(model, ids, targets)
    loss.backward()
    save_file(gradients_of(model), FOLDER / f"gradients-{how}.safetensors")
    return floats(nll)


def penalty(name: str) -> None:
    folder = FIXTURES / "adapters" / name
    base = json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]
    model = PeftModel.from_pretrained(base_of(FIXTURES / "families" / base), folder, is_trainable=True).eval()
    total = torch.zeros(())
    for module in model.modules():
        if not hasattr(module, "lora_A") or "default" not in module.lora_A:
            continue
        change = module.scaling["default"] * module.lora_B["default"].weight @ module.lora_A["default"].weight
        total = total + LAMBDA / 2 * (fisher(*change.shape) * change**2).sum() + MU / 2 * (change**2).sum()
    total.backward()
    save_file(gradients_of(model), FOLDER / f"penalty-{name}.safetensors")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for adapter in ("llama", "gpt2"):
        penalty(adapter)
    nll = {how: above_quantised(how) for how in ("nf4", "int8")}
    write(FIXTURES / "quantisation.json", {**matrices(), "losses": nll, "lambda": LAMBDA, "mu": MU})
