"""Runs every bench, one after the other; takes the options they share."""

from __future__ import annotations

import sys

from . import engine, fanout, gateway, latency, slots, statistics, widgets

if __name__ == "__main__":
    sys.exit(
        max(
            bench.main(sys.argv[1:])
            for bench in (fanout, latency, slots, gateway, engine, statistics, widgets)
        )
    )
