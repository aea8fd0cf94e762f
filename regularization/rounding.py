"""Settings under which the same commit gives the same bytes on every x86-64 processor with AVX2.

NumPy, TensorFlow, oneDNN and XLA read them when they are first imported, so `set_environment` comes before all of them
(`stages/__init__.py` calls it), and this module imports none. What the user has set stands; `warning` then says so.
"""

import json
import os
from pathlib import Path

THREADS = "TF_NUM_INTRAOP_THREADS"
# Each with its reason. What the user has set to something else stands.
SETTINGS = {
    # The products of matrices: by default oneDNN uses the widest instructions that the processor has, and the order of
    # the sums differs with their width.
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # The other operations stay with Eigen, which TensorFlow compiled once for all processors.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # Keras' sums over many rows are split among the threads, so their order differs with the number of processors.
    THREADS: "1",
    # A GPU rounds otherwise.
    "CUDA_VISIBLE_DEVICES": "-1",
    # The logarithm and other functions of NumPy are other code for AVX-512, which differs in the last digit.
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
    # The linear algebra of NumPy and SciPy: by default OpenBLAS has other code for each kind of processor, and splits
    # sums among as many threads as there are processors. Haswell's code runs wherever AVX2 does.
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    # The population's program: one loop on the thread that calls it, over whole vector registers. By default XLA uses
    # half a register, and hands every single product of a step to a pool of threads, which costs more than the product.
    # A loop over the models that is written out, as XLA does with short ones, takes one model after the other.
    "XLA_FLAGS": "--xla_cpu_prefer_vector_width=512 --xla_backend_extra_options="
    "xla_cpu_small_while_loop_byte_threshold=1000000000,xla_cpu_disable_loop_unrolling=true",
}
# Without these, results are no longer those of the params: what the user has set is replaced.
REPLACED = {
    "KERAS_BACKEND": "tensorflow",
    "TF_USE_LEGACY_KERAS": None,
    "KERAS_MAX_EPOCHS": None,
    "KERAS_MAX_STEPS_PER_EPOCH": None,
}
KERAS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}  # of ~/.keras/keras.json, likewise
# These change no figure.
OTHER_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # what fails raises; a machine without a GPU is no error
    # TensorFlow's calls wait in a pool of their own, so it may be larger than the number of processors.
    "TF_NUM_INTEROP_THREADS": str(2 * (os.cpu_count() or 1)),
}


def set_environment() -> None:
    """Put the settings into this process' environment, where the user has set none of them, and `REPLACED` anyway."""
    _replaced.extend(_settings_to_replace())
    for name, value in REPLACED.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    for name, value in (SETTINGS | OTHER_SETTINGS).items():
        os.environ.setdefault(name, value)


_replaced: list[str] = []


def _settings_to_replace() -> list[str]:
    """What the user has set otherwise, as `NAME=value`."""
    of_environment = {name: os.environ.get(name) for name in REPLACED}
    changed = [f"{name}={value}" for name, value in of_environment.items() if value not in (None, REPLACED[name])]
    path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", "keras.json")
    try:
        of_file = json.loads(path.read_text(encoding="utf-8"))
        others = [name for name, value in KERAS.items() if of_file.get(name, value) != value]
        return changed + [f"{name}={of_file[name]} in {path}" for name in others]
    except (OSError, ValueError, AttributeError):  # Keras takes its defaults then too
        return changed


def fix_keras() -> None:
    """Set what Keras reads from the user's own keras.json; imports Keras. Before any network is built."""
    import keras

    keras.config.set_floatx(KERAS["floatx"])
    keras.config.set_epsilon(KERAS["epsilon"])
    keras.config.set_image_data_format(KERAS["image_data_format"])


def share_threads() -> None:
    """A TensorFlow thread for every processor, in a process that trains populations alone and has yet to import it.

    Without them, the population's workers wait for each other. Its programs sum in one order, however many there are.
    """
    if os.environ[THREADS] == SETTINGS[THREADS]:
        os.environ[THREADS] = str(os.cpu_count() or 1)


def warning() -> str | None:
    """Lines where the user's own settings may change results, or would have and were replaced; else None."""
    lines = [f"warning: {', '.join(_replaced)} is not used: it would change every result"] if _replaced else []
    changed = [f"{name}={os.environ[name]}" for name, value in SETTINGS.items() if os.environ.get(name, value) != value]
    if changed:
        consequence = "results may differ from the committed ones in the last digits"
        lines.append(f"warning: {', '.join(changed)} is set: {consequence}")
    return "\n".join(lines) or None
