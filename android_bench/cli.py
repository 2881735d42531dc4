"""The command facekp-bench: registers what stands in `commands`."""

from __future__ import annotations

from android_bench.commands.bench import bench
from android_bench.commands.bundle import bundle
from android_bench.commands.compare import compare
from android_bench.commands.decide import decide
from android_bench.commands.devices import devices
from android_bench.commands.doctor import doctor
from android_bench.commands.predict import predict
from android_bench.commands.profile import profile
from android_bench.commands.report import report
from android_bench.commands.schema import schema
from android_bench.commands.serve import serve
from facekp_export.inference.noise import this_process_is_ours
from facekp_train.common.console import new_app, run

app = new_app(
    "facekp-bench",
    "Measure how fast and how large models are: percentiles of the time of one run, first run, memory.",
    ("numpy", "ai-edge-litert", "onnxruntime", "torch"),
)


app.callback(invoke_without_command=True)(bench)
app.command()(devices)
app.command()(bundle)
app.command()(report)
app.command()(predict)
app.command()(compare)
app.command()(decide)
app.command()(serve)
app.command()(doctor)
app.command()(profile)
app.command()(schema)


def main() -> None:
    """Run as a program."""
    this_process_is_ours()
    run(app)


if __name__ == "__main__":
    main()
