"""A ledger as a frame, in a process that has done nothing else."""

from __future__ import annotations

import json
import resource
import sys

from crowd import Stopwatch, report

import respan_lab as lab


def main() -> None:
    store = json.loads(sys.argv[1])["store"]
    lab.Results  # noqa: B018  # with pandas: imports are not what is measured
    watch = Stopwatch()
    frame = lab.Results.load(store).df
    told = {
        **watch.read(),
        "rows": len(frame),
        "columns": len(frame.columns),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    assert frame.output.notna().all()
    assert (frame.cost >= 0).all()
    report(told, "respan-lab")


if __name__ == "__main__":
    main()
