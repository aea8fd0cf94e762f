"""Check the whole of params.yaml: a key that no stage reads, such as a mistyped one, would go unnoticed otherwise."""

from regularization.params import load_params
from stages._ends import run_stage

if __name__ == "__main__":
    run_stage(load_params)
