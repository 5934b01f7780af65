"""Is the latency of a local model the same alone and in a crowd?

All local models share one slot. Calls that wait for it must not look slow: the wait is
`queue_time`, and the latency of a call is what it is with nobody else about.

    python -m bench.slots
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import respan_lab as lab

MODELS = ["local/smollm2-135m", "local/smollm2-135m-q4_0"]
ROUNDS = 3
TARGET = 0.15


def main(_: Sequence[str] = ()) -> int:
    rounds = [(_latency(1), _latency(32)) for _ in range(ROUNDS)]
    alone = median(one["latency"] for one, _ in rounds)
    crowd = median(many["latency"] for _, many in rounds)
    waited = median(many["queue_time"] for _, many in rounds)
    difference = crowd / alone - 1
    print("135M-parameter local models, 16 calls a round, medians of", ROUNDS, "rounds")
    print(f"latency p50 at max_concurrency 1:  {alone:.3f} s")
    print(f"latency p50 at max_concurrency 32: {crowd:.3f} s ({difference:+.1%})")
    print(f"queue time p50 at max_concurrency 32: {waited:.3f} s")
    met = abs(difference) <= TARGET
    print(f"{'met' if met else 'MISSED'}: the same within {TARGET:.0%}")
    out = Path(__file__).parent / "out" / "slots.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"rounds": rounds, "difference": difference}, indent=1))
    return 0 if met else 1


def _latency(max_concurrency: int) -> dict[str, float]:
    frame = lab.compare(
        "Write a sentence about {{ x }}.",
        MODELS,
        [
            {"x": x}
            for x in ["rain", "snow", "wind", "hail", "fog", "frost", "sun", "dew"]
        ],
        params={"temperature": 0, "max_tokens": 24},
        client=lab.Client(gateway=lab.Gateway()),
        max_concurrency=max_concurrency,
        progress=False,
    ).df
    return {name: float(frame[name].median()) for name in ("latency", "queue_time")}


if __name__ == "__main__":
    raise SystemExit(main())
