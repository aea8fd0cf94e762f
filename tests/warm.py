"""A Python that has the libraries in memory already: a command starts as a copy of it, not with seconds of imports.

`warm_commands` makes a folder whose `python` and `dvc` are small scripts. Each hands its arguments, folder, environment
and open files to a server, which has imported the libraries and nothing of the project; the server forks, and the copy
becomes the command. To whoever calls them they are the commands themselves, apart from the time. What one of them has
compiled for XLA the next ones load, as long as the tests run: the programs are kept in the same temporary folder.

The processes of one run of the tests share one server, which ends soon after the run.
"""

import atexit
import fcntl
import functools
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = [
    "configobj",
    "dask.delayed",
    "dulwich.client",
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.repo.experiments",
    "dvc_data.hashfile.db.local",
    "dvc_data.index.build",
    "dvclive.keras",
    "flufl.lock",
    "fsspec.implementations.memory",
    "jinja2",
    "keras",
    "networkx",
    "pandas",
    "plotly.basedatatypes",
    "pydantic.main",
    "scipy.stats",
    "sklearn.compose",
    "sklearn.metrics",
    "statsmodels.stats.api",
]
SCRIPT = """#!{python} -IS
import json, os, socket, sys
arguments = {arguments} + sys.argv[1:]
if arguments[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *arguments])
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    request = {{"arguments": arguments[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
    connection.shutdown(socket.SHUT_WR)
    status = connection.recv(10)
sys.exit(int(status or b"1"))
"""


@functools.cache
def warm_commands() -> Path:
    """A folder for the front of PATH. Its server starts with the first call of this run of the tests."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir(), f"warm-{os.getuid()}-{run}")
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "dvc").exists():
            _start(folder, run)
    return folder


def _start(folder: Path, run: int) -> None:
    """Start the server that ends with the process `run`, and write the commands once it is there."""
    address, cache = folder / "socket", folder / "programs"
    cache.mkdir(exist_ok=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.warm", str(address), str(run)],
        cwd=ROOT,
        env=os.environ | {"TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={cache}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert server.stdout.readline() == b"ready\n", "the server of warm commands did not start"
    server.stdout.close()
    server.returncode = 0  # nobody waits for it: it ends after this process
    for name, arguments in {"python": [], "dvc": ["-m", "dvc"]}.items():
        script = folder / name
        text = SCRIPT.format(python=sys.executable, address=str(address), arguments=arguments)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def _serve(address: str, run: int) -> None:
    gc.disable()  # it would look through all modules again and again
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the copies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.executable = str(Path(address).with_name("python"))  # what the copies start is warm as well
        os.write(sys.stdout.fileno(), b"ready\n")
        while _is_alive(run):
            if not select.select([listener], [], [], 1.0)[0]:
                continue
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    listener.close()
                    _become(connection)
    shutil.rmtree(Path(address).parent, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _become(connection: socket.socket) -> None:
    """Be the command that `connection` asks for, tell it the exit status and end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    content, files, *_ = socket.recv_fds(connection, 10**6, 3)
    while more := connection.recv(10**6):
        content += more
    request = json.loads(content)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    cache = os.environ["TF_XLA_FLAGS"]
    os.environ.clear()
    os.environ.update({"TF_XLA_FLAGS": cache} | request["environment"])
    status = _run(*request["arguments"])
    connection.send(str(status).encode())
    os._exit(status)


def _run(module: str, *arguments: str) -> int:
    """What `python -m MODULE ...` does; its exit status."""
    sys.argv = [module, *arguments]
    sys.path[:1] = [str(Path.cwd()), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    for name in ("tests", "tests.warm"):
        sys.modules.pop(name, None)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
