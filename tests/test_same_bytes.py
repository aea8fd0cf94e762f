"""The same bytes whatever the threads, the cores and the instructions that the libraries may use."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from regularization import rounding
from stages import _ends
from tests.conftest import ROOT
from tools import same_bytes

pytestmark = pytest.mark.training

ONE_CORE = ("taskset", "--cpu-list", "0")
# What a processor with AVX2 and a single core does by itself. Under the settings of rounding.py a larger one does the
# same; without one of them it would not.
LIMITED = {
    "SAME_BYTES_THREADS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": f"{rounding.SETTINGS['XLA_FLAGS']} --xla_cpu_max_isa=AVX2",
}


def usual_and_limited(*, headline_only: bool) -> tuple[dict, dict]:
    """What this process computes, and what one under the limits does."""
    prefix = ONE_CORE if shutil.which(ONE_CORE[0]) else ()
    with ThreadPoolExecutor() as pool:
        limited = pool.submit(same_bytes.run_digests, *prefix, headline_only=headline_only, **LIMITED)
        return same_bytes.digests(headline_only=headline_only), limited.result()


@pytest.fixture(scope="module")
def digests() -> tuple[dict, dict]:
    return usual_and_limited(headline_only=True)


@pytest.mark.slow
def test_both_ways_of_training_give_the_same_bytes_under_other_limits(digests):
    usual, limited = digests
    assert set(usual) > {f"{name} with Keras" for name in same_bytes.HEADLINE} | {"large batches", "a small population"}
    assert usual == limited


@pytest.mark.slow
def test_every_technique_gives_the_same_bytes_under_other_limits():
    usual, limited = usual_and_limited(headline_only=False)
    assert "the other techniques" in usual
    assert usual == limited


@pytest.mark.slow
def test_a_population_gives_the_same_bytes_on_any_number_of_threads():
    """So the stages that train nothing else may have more than one; Keras' large batches show that they have them."""
    one, many = (
        same_bytes.run_digests(**{rounding.THREADS: threads, "SAME_BYTES_THREADS": threads}) for threads in ("1", "5")
    )
    populations = ("a small population", "the other techniques")
    assert [one[name] for name in populations] == [many[name] for name in populations]
    assert one["large batches"] != many["large batches"]


def test_stages_that_train_populations_get_a_thread_for_every_processor(monkeypatch):
    monkeypatch.setenv(rounding.THREADS, rounding.SETTINGS[rounding.THREADS])
    rounding.share_threads()
    assert os.environ[rounding.THREADS] == str(os.cpu_count())
    monkeypatch.setenv(rounding.THREADS, "3")
    rounding.share_threads()
    assert os.environ[rounding.THREADS] == "3"


@pytest.mark.slow
def test_the_digests_tell_networks_apart(digests):
    usual, _ = digests
    assert len(set(usual.values())) == len(usual)


def environment_after_import(**environment: str) -> dict[str, str]:
    code = "import stages, json, os; print(json.dumps(dict(os.environ)))"
    kept = {name: value for name, value in os.environ.items() if name not in rounding.SETTINGS}
    command = [sys.executable, "-c", code]
    printed = subprocess.check_output(command, cwd=ROOT, env=kept | environment, text=True)
    return same_bytes.json.loads(printed)


def test_a_stage_sets_what_affects_rounding_and_leaves_what_the_user_has_set():
    found = environment_after_import(ONEDNN_MAX_CPU_ISA="AVX512_CORE")
    assert found["ONEDNN_MAX_CPU_ISA"] == "AVX512_CORE"
    others = {name: value for name, value in rounding.SETTINGS.items() if name != "ONEDNN_MAX_CPU_ISA"}
    assert {name: found[name] for name in others} == others


def test_a_stage_runs_on_the_settings_before_any_library_is_imported():
    """NumPy reads its setting when it is imported, which a stage does before it imports the library by name."""
    code = "import os, stages.prepare; assert 'NPY_DISABLE_CPU_FEATURES' in os.environ; import sys; print(*sys.modules)"
    kept = {name: value for name, value in os.environ.items() if name not in rounding.SETTINGS}
    modules = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=kept, text=True).split()
    assert modules.index("regularization.rounding") < modules.index("numpy")


def test_a_setting_of_the_users_own_is_one_line_of_warning(monkeypatch, capsys):
    for name, value in rounding.SETTINGS.items():
        monkeypatch.setenv(name, value)
    _ends.run_stage(lambda: None)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    _ends.run_stage(lambda: None)
    assert capsys.readouterr().err == (
        "warning: TF_ENABLE_ONEDNN_OPTS=1 is set: results may differ from the committed ones in the last digits\n"
    )


def test_without_the_emulator_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(same_bytes.shutil, "which", lambda _: None)
    monkeypatch.setattr("sys.argv", ["same_bytes"])
    with pytest.raises(SystemExit, match="apt-get install qemu-user"):
        same_bytes.main()
