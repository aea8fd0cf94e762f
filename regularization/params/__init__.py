"""params.yaml: its `schema`, how it is read and written (`file`), what is wrong with it, in words (`errors`)."""

from regularization.params.schema import Data, Params, check_params, load_params

__all__ = ["Data", "Params", "check_params", "load_params"]
