"""Response surfaces by numpy, each setting left out and the form fitted again: fixtures/surface.json.

The spline is the thin-plate smoothing spline of Wahba (1990) with all settings as knots, solved in the null space of the planes;
the studio has the leave-one-out errors from leverages of one regression. Needs numpy alone.
"""

import json
from pathlib import Path

import numpy as np

SMOOTHING = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10]


def kernel(a, b):
    square = ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)
    return np.where(square == 0, 0, square * np.log(np.where(square == 0, 1, square)) / 2)


def plane(p):
    return np.column_stack([np.ones(len(p)), p])


def quadratic(p):
    u, v = p.T
    return np.column_stack([np.ones(len(p)), u, v, u * u, u * v, v * v])


def polynomial(basis):
    def fit(points, values):
        weights = np.linalg.lstsq(basis(points), values, rcond=None)[0]
        return lambda at: basis(at) @ weights

    return fit


def spline(smoothing):
    """min |z − K c − P d|² + λ cᵀ K c, Pᵀ c = 0; its solution has (K + λ I) c + P d = z."""

    def fit(points, values):
        p = plane(points)
        q, r = np.linalg.qr(p, mode="complete")
        outside, inside = q[:, :3], q[:, 3:]
        bent = kernel(points, points) + smoothing * np.eye(len(points))
        c = inside @ np.linalg.solve(inside.T @ bent @ inside, inside.T @ values)
        d = np.linalg.solve(r[:3], outside.T @ (values - bent @ c))
        return lambda at: kernel(at, points) @ c + plane(at) @ d

    return fit


def left_out(fit, points, values):
    errors = []
    for at in range(len(points)):
        rest = np.arange(len(points)) != at
        errors.append(values[at] - fit(points[rest], values[rest])(points[at : at + 1])[0])
    return float(np.sqrt(np.mean(np.square(errors))))


def case(runs, log_y, queries):
    at = np.array([[x, np.log(y) if log_y else y] for x, y, _ in runs])
    low, span = at.min(0), np.ptp(at, 0)
    settings = {}
    for (x, y, value), place in zip(runs, (at - low) / span):
        settings.setdefault((x, y), (place, []))[1].append(value)
    points = np.array([place for place, _ in settings.values()])
    values = np.array([np.mean(found) for _, found in settings.values()])
    forms = [("plane", polynomial(plane)), ("quadratic", polynomial(quadratic)), *(("spline", spline(s)) for s in SMOOTHING)]
    error, form, fit = min(((left_out(fit, points, values), name, fit) for name, fit in forms), key=lambda found: found[0])
    asked = np.array([[x, np.log(y) if log_y else y] for x, y in queries])
    return {
        "runs": runs,
        "logY": log_y,
        "queries": queries,
        "form": form,
        "settings": len(points),
        "error": error,
        "errorOfMean": left_out(lambda _, rest: lambda at: np.full(len(at), rest.mean()), points, values),
        "predicted": fit(points, values)((asked - low) / span).tolist(),
    }


def main():
    random = np.random.default_rng(7)
    rates = [1e-4, 3e-4, 1e-3, 3e-3]
    shares = [0.1, 0.17, 0.25, 0.5]
    bowl = [
        [s, r, round(2 + 0.3 * (np.log(r / 8e-4)) ** 2 / 4 + 2 * (s - 0.3) ** 2 + 0.01 * random.standard_normal(), 5)]
        for s in shares
        for r in rates
        for _ in range(2)
    ]
    cliff = [
        [round(x, 4), round(y, 4), round(float(np.tanh(6 * (x - 0.5)) * np.exp(-3 * (y - 0.4) ** 2) + 0.01 * random.standard_normal()), 5)]
        for x, y in random.uniform(size=(30, 2))
    ]
    slope = [[s, r, round(3 - s + 0.2 * np.log(r) + 0.05 * random.standard_normal(), 5)] for s in shares[:3] for r in rates[:3]]
    cases = [
        case(bowl, True, [[0.2, 5e-4], [0.4, 2e-3]]),
        case(cliff, False, [[0.5, 0.5], [0.3, 0.6]]),
        case(slope, True, [[0.2, 5e-4], [0.12, 2e-4]]),
    ]
    (Path(__file__).parent / "fixtures/surface.json").write_text(json.dumps(cases, indent=None) + "\n")
    print([(found["form"], found["error"], found["errorOfMean"]) for found in cases])


if __name__ == "__main__":
    main()
