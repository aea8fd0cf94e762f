import contextlib
import resource

import pytest

from regularization.errors import InputError
from regularization.jobs.cost import Cost, check_memory, duration
from regularization.jobs.work import count_weights


@pytest.mark.training
def test_weights_are_those_that_keras_counts():
    from regularization.networks.models import build_model

    for n_inputs, hidden in ((11, [20, 20]), (500, [7])):
        assert count_weights(n_inputs, hidden) == build_model(n_features=n_inputs, hidden_units=hidden).count_params()


def test_more_memory_than_the_machine_has_is_said_before_the_work():
    with pytest.raises(InputError, match=r"this takes about .*, and this machine has 64.0 GB; take narrower"):
        check_memory(Cost(60, 60, 65e9), machine=64e9)
    check_memory(Cost(60, 60, 63e9), machine=64e9)


def test_a_limit_of_addresses_is_said_before_tensorflow_aborts(monkeypatch):
    for limit, allowed in ((resource.RLIM_INFINITY, True), (int(3.2e9), True), (int(2.5e9), False)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        with contextlib.nullcontext() if allowed else pytest.raises(InputError, match="ulimit -v: received 2.5 GB"):
            check_memory(Cost(60, 60, 1.1e9), machine=64e9)


def test_all_cores_share_what_can_be_shared(monkeypatch):
    monkeypatch.setattr("regularization.jobs.cost.this_machine", lambda: 3.0)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert Cost(10, 100, 1e9).seconds_there == 60
    assert Cost(10, 100, 1e9).seconds == 105


def test_it_reads_as_a_line(monkeypatch):
    monkeypatch.setattr("regularization.jobs.cost.this_machine", lambda: 1.0)
    assert str(Cost(42, 0, 1.26e9)) == "about 42 seconds and 1.3 GB of memory"
    assert str(Cost(600, 0, 1e9)) == "about 10 minutes and 1.0 GB of memory"
    assert str(Cost(61, 0, 1e9)) == "about 1 minute and 1.0 GB of memory"
    assert [duration(seconds) for seconds in (0.7, 59.4, 59.6, 150)] == [
        "1 second",
        "59 seconds",
        "1 minute",
        "2 minutes",
    ]
    assert str(Cost(3 * 3600, 0, 1e9)) == "about 3.0 hours and 1.0 GB of memory"
