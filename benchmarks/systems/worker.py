"""The measuring process of the table: facekp-bench's, which knows the engines of other systems too."""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from android_bench.engines.engines import ENGINES
from android_bench.engines.gpu import GPU_ENGINES
from android_bench.engines.peak import PEAK_ENGINES
from android_bench.host.worker import main
from benchmarks.systems.engines import MORE_ENGINES

if __name__ == "__main__":
    main(ENGINES | GPU_ENGINES | PEAK_ENGINES | MORE_ENGINES)
