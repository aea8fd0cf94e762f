"""params.yaml: `schema` (what may stand in it), `file` (how it is read), `errors` (what is wrong with it, in words)."""

from regularization.params.schema import Data, Params, check_params, load_params

__all__ = ["Data", "Params", "check_params", "load_params"]
