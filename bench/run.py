"""Measure Clew beside other products on this machine: `make bench`, or with `--help`.

Prints a table and writes it to `RESULTS.md`; with `--quick`, or without all the products, to the
cache folder, because such figures say little.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from environments import CACHE, InstallError, environment_of, versions
from measure import Result, Work, measure, prepare
from products import Product, clew, mlflow, phoenix
from report import page, show
from servers import ServerError

PRODUCTS: dict[str, Product] = {"clew": clew, "phoenix": phoenix, "mlflow": mlflow}
SPANS, SECONDS = 100_000, 30.0
QUICK_SPANS, QUICK_SECONDS = 2_000, 5.0
NO_LIMIT_S = 24 * 3600.0
LEAST_SPANS = 500
"""One body: the runs that the reads ask for are in it."""
SCALE_HEADING = "# Reads as a store grows"
"""What stands below it in the results is written by `scale.py`."""
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Measure what the command line names."""
    options = _options()
    console = Console()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    console.print(f"load average {load}: other work on this machine shows in the figures")
    with tempfile.TemporaryDirectory(prefix="bench-bodies-") as folder:
        console.print(f"writing bodies of {options.spans:,} spans")
        work = prepare(Path(folder), options.spans)
        results = [
            _measured(PRODUCTS[name], work, options.seconds, console) for name in options.only
        ]
    show(results, console)
    is_whole = not options.quick and len(results) == len(PRODUCTS)
    path = RESULTS if is_whole else CACHE / RESULTS.name
    path.parent.mkdir(exist_ok=True)
    command = shlex.join(["bench/run.py", *sys.argv[1:]])
    _, heading, below = path.read_text().partition(SCALE_HEADING) if path.exists() else ("", "", "")
    more = f"\n{heading}{below}" if heading else ""
    path.write_text(page(results, command=command, load=load) + more)
    console.print(f"written to {path}")


def _measured(product: Product, work: Work, seconds: float, console: Console) -> Result:
    """The figures of `product`; where it can't be installed or started, why."""
    console.print(f"measuring {product.NAME}")
    result = Result(name=product.NAME)
    try:
        python = environment_of(product.INSTALL) if product.INSTALL else Path(sys.executable)
        result.versions = versions(python, product.PACKAGES)
        limit_s = seconds if product.INSTALL else NO_LIMIT_S
        measure(product, python, work, result, limit_s)
    except (InstallError, ServerError) as exc:
        result.notes.append(f"left out: {exc}")
    return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, in a few minutes")
    parser.add_argument(
        "--only",
        type=_names,
        default=list(PRODUCTS),
        metavar="NAMES",
        help=f"some of {','.join(PRODUCTS)}, separated by commas",
    )
    parser.add_argument("--spans", type=int, metavar="N", help="how many spans there are to send")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="how long the others than Clew are sent to"
    )
    options = parser.parse_args()
    options.spans = options.spans or (QUICK_SPANS if options.quick else SPANS)
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    if options.spans < LEAST_SPANS:
        parser.error(f"--spans: {LEAST_SPANS} at least")
    return options


def _names(text: str) -> Sequence[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PRODUCTS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(PRODUCTS)}")
    return names


def _interrupt(*_: object) -> None:
    """However it is told to stop, every server is stopped and every folder removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
