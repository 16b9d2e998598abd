# SPDX-License-Identifier: Apache-2.0
"""What the recipe plans for a step: shares, learning rate, weights of the objective, and what a control file changes of them."""

from __future__ import annotations

import math
from typing import Any

Recipe = dict[str, Any]
Shares = dict[str, float]
Change = dict[str, Any]


class Refused(ValueError):
    """Something a person wrote that cannot be done; the message is a sentence for them."""


def rounded(value: float) -> int:
    """To the nearest whole number, halves up, as JavaScript's Math.round."""
    return math.floor(value + 0.5)


def total(values: Any) -> float:
    """Plain summation from left to right: Python's own sum() compensates, which changes last bits."""
    result = 0.0
    for value in values:
        result += value
    return result


def normalised(shares: Shares) -> Shares:
    for name, share in shares.items():
        if not isinstance(share, int | float) or isinstance(share, bool) or not math.isfinite(share) or share < 0:
            raise Refused(f'The share of channel "{name}" is {share!r}; accepted: a number from 0.')
    whole = total(shares.values())
    if whole == 0:
        raise Refused("All shares are 0; accepted: at least one above 0.")
    return {name: share / whole for name, share in shares.items()}


def ordered(recipe: Recipe) -> list[str]:
    """Channel ids in the order of a JavaScript object's keys: whole numbers first."""
    ids = [channel["id"] for channel in recipe["channels"]]
    numbers = [name for name in ids if name.isdigit() and (name == "0" or name[0] != "0")]
    return sorted(numbers, key=int) + [name for name in ids if name not in numbers]


def phase_at(recipe: Recipe, step: int) -> tuple[int, int, dict[str, Any]]:
    """First step and steps of the phase of a step, and what it says of itself."""
    start, found = 0, (0, recipe["budget"]["steps"], {})
    for phase in recipe.get("phases", []):
        if start <= step:
            found = (start, phase["steps"], phase)
        start += phase["steps"]
    return found


def settings_at(recipe: Recipe, changes: list[Change], step: int) -> dict[str, Any]:
    """Shares, schedule and weights of a step: the recipe's, with what the control file changed in the same phase."""
    start, _, phase = phase_at(recipe, step)
    named = phase.get("shares")
    own = {channel["id"]: channel["share"] for channel in recipe["channels"]}
    settings: dict[str, Any] = {
        "shares": {name: (named.get(name, 0) if named else own[name]) for name in ordered(recipe)},
        "schedule": phase.get("schedule", recipe["schedule"]),
        "weights": None,
    }
    if all("weight" in channel for channel in recipe["channels"]):
        settings["weights"] = {channel["id"]: channel["weight"] for channel in recipe["channels"]}
    for change in changes:
        if start <= change["step"] <= step:
            settings |= change["settings"]
    return settings


def drawn_shares(recipe: Recipe, shares: Shares, step: int) -> Shares:
    """Shares that are drawn at a step under the recipe's strategy."""
    strategy, steps = recipe["strategy"], recipe["budget"]["steps"]
    if strategy["kind"] == "mixed":
        return normalised(shares)
    if strategy["kind"] == "domain-only":
        return of_role(recipe, shares, "domain")
    start = rounded(strategy["generalRatio"] * steps)
    if strategy["kind"] == "general-then-domain":
        return of_role(recipe, shares, "general" if step < start else "domain")
    if step < start:
        return of_role(recipe, shares, "general")
    rise = rounded(strategy["riseRatio"] * steps)
    reached = min(1.0, (step - start + 1) / (rise + 1))
    named, general = normalised(shares), of_role(recipe, shares, "general")
    return {name: reached * named[name] + (1 - reached) * general[name] for name in ordered(recipe)}


def of_role(recipe: Recipe, shares: Shares, role: str) -> Shares:
    """The channels of one role in proportion, evenly where all of their shares are 0."""
    roles = {channel["id"]: channel["role"] for channel in recipe["channels"]}
    whole = total(shares[channel["id"]] for channel in recipe["channels"] if channel["role"] == role)
    return normalised({name: (shares[name] if whole > 0 else 1.0) if roles[name] == role else 0.0 for name in ordered(recipe)})


def rate_at(recipe: Recipe, schedule: dict[str, Any], step: int) -> float:
    """Learning rate of a step; a phase's own schedule runs over the phase, the recipe's over all steps."""
    start, steps, phase = phase_at(recipe, step)
    if "schedule" not in phase:
        start, steps = 0, recipe["budget"]["steps"]
    return schedule["peakLr"] * factor(schedule, step - start, steps)


def factor(schedule: dict[str, Any], step: int, steps: int) -> float:
    """Learning rate / peak: transformers' schedules with a floor, and WSD (warmup, stable, decay)."""
    kind, floor, warmup = schedule["kind"], schedule.get("minRatio", 0.1), schedule["warmup"]
    first = warmup["value"] if warmup["unit"] == "steps" else math.ceil(warmup["value"] * steps)

    def above(height: float) -> float:
        return height * (1 - floor) + floor

    if step < first:
        return above(step / first) if kind == "wsd" else step / first
    progress = min(1.0, (step - first) / max(1, steps - first))
    if kind == "constant":
        return 1.0
    if kind == "linear":
        return above(1 - progress)
    if kind == "cosine":
        return above(0.5 * (1 + math.cos(math.pi * progress)))
    start = max(first, steps - max(1, rounded(schedule.get("decayRatio", 0.1) * steps)))
    if step < start:
        return 1.0
    if step >= steps:
        return floor
    decayed, shape = (step - start) / max(1, steps - start), schedule.get("decayShape", "linear")
    if shape == "exponential":
        return floor**decayed
    if shape == "cosine":
        return above(0.5 * (1 + math.cos(math.pi * decayed)))
    return above(1 - (math.sqrt(decayed) if shape == "sqrt" else decayed))


def token_weights(channels: list[str], weights: dict[str, float] | None, counts: list[float]) -> list[float]:
    """Weight of one token of each channel in the loss: alike, or so that the mean of each channel that a step has weighs what is set."""
    if weights is None:
        return [1 / max(1.0, sum(counts))] * len(counts)
    present = sum(weights[name] for name, count in zip(channels, counts, strict=True) if count > 0)
    return [weights[name] / present / count if count > 0 and present > 0 else 0.0 for name, count in zip(channels, counts, strict=True)]


def retention(recipe: Recipe, base: dict[str, Any], now: dict[str, Any]) -> float | None:
    """Mean over the general channels that people wrote, or all general ones, of base perplexity / perplexity."""
    general = [channel for channel in recipe["channels"] if channel["role"] == "general"]
    written = [channel for channel in general if "generated" not in channel] or general
    kept = [math.exp(base[one["id"]]["loss"] - now[one["id"]]["loss"]) for one in written if one["id"] in base and one["id"] in now]
    return total(kept) / len(kept) if kept else None


def rule_to_stop(recipe: Recipe, evaluations: list[dict[str, Any]]) -> str | None:
    """The rule that ends a run after its last evaluation: retention too low, or a domain that has not improved for so many evaluations."""
    latest, stopping = evaluations[-1], recipe["stopping"]
    forgetting, early = stopping.get("forgetting"), stopping.get("early")
    if len(evaluations) == 1:
        return None
    if forgetting and latest["retention"] is not None and latest["retention"] < forgetting["retention"]:
        return "forgetting-stop"
    if not early:
        return None
    domain = [channel["id"] for channel in recipe["channels"] if channel["role"] == "domain"]
    best, since = math.inf, 0
    for evaluation in evaluations:
        losses = [evaluation["channels"][name]["loss"] for name in domain if name in evaluation["channels"]]
        if losses:
            mean = total(losses) / len(losses)
            best, since = (mean, 0) if best - mean > early["threshold"] else (best, since + 1)
    return "early-stop" if since >= early["patience"] else None


SCHEDULE_NUMBERS = {"peakLr": (0.0, 1.0), "minRatio": (0.0, 1.0), "decayRatio": (0.01, 1.0)}
SCHEDULE_WORDS = {
    "kind": ("constant", "linear", "cosine", "wsd"),
    "decayShape": ("linear", "cosine", "sqrt", "exponential"),
}


def checked_change(recipe: Recipe, now: dict[str, Any], asked: Any) -> Change:
    """What a control file asks for, in full: shares, schedule and weights in part, stop, save, and step, the first that may see it."""
    known = {"shares", "schedule", "weights", "stop", "save", "step"}
    if not isinstance(asked, dict):
        raise Refused(f"control.json holds {type(asked).__name__}; accepted: an object with some of {', '.join(sorted(known))}.")
    for key in asked:
        if key not in known:
            raise Refused(f'control.json has the key "{key}"; accepted: {", ".join(sorted(known))}.')
    for key in ("stop", "save"):
        if not isinstance(asked.get(key, False), bool):
            raise Refused(f"{key} is {asked[key]!r}; accepted: true or false.")
    settings: dict[str, Any] = {}
    for key in ("shares", "weights"):
        if key in asked:
            settings[key] = normalised(merged(now, key, asked[key]))
    if "schedule" in asked:
        settings["schedule"] = checked_schedule(now["schedule"], asked["schedule"])
    return {"settings": settings, "stop": asked.get("stop", False), "save": asked.get("save", False)}


def merged(now: dict[str, Any], key: str, asked: Any) -> Shares:
    if now[key] is None:
        raise Refused("The run began without weights of the objective; accepted: no weights.")
    if not isinstance(asked, dict):
        raise Refused(f"{key} is {asked!r}; accepted: an object, channel to number.")
    for name in asked:
        if name not in now[key]:
            raise Refused(f'The run has no channel "{name}"; it has {", ".join(now[key])}.')
    return now[key] | asked


def checked_schedule(now: dict[str, Any], asked: Any) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise Refused(f"schedule is {asked!r}; accepted: an object.")
    for key, value in asked.items():
        if key in SCHEDULE_NUMBERS:
            low, high = SCHEDULE_NUMBERS[key]
            if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
                raise Refused(f"schedule.{key} is {value!r}; accepted: {low:g} to {high:g}.")
        elif key in SCHEDULE_WORDS:
            if value not in SCHEDULE_WORDS[key]:
                raise Refused(f"schedule.{key} is {value!r}; accepted: {', '.join(SCHEDULE_WORDS[key])}.")
        elif key == "warmup":
            amount = value.get("value") if isinstance(value, dict) and value.get("unit") in ("ratio", "steps") else None
            whole = isinstance(value, dict) and value.get("unit") == "steps"
            if not isinstance(amount, int | float) or not amount >= 0 or (amount > 1 and not whole) or (whole and amount % 1):
                raise Refused(
                    f'schedule.warmup is {value!r}; accepted: {{"unit": "ratio", "value": 0 to 1}} or {{"unit": "steps", "value": 0 …}}.'
                )
        else:
            raise Refused(f'schedule has the key "{key}"; accepted: kind, peakLr, minRatio, warmup, decayRatio, decayShape.')
    schedule = now | asked
    if schedule["kind"] == "wsd" and schedule.get("decayShape") == "exponential" and schedule.get("minRatio") == 0:
        raise Refused("schedule.minRatio is 0 of an exponential decay; accepted: above 0.")
    return schedule
