"""Train many Keras models together in one compiled program, each as Keras' `fit` would train it alone."""

from regularization.networks.row_order import BLOCK
from regularization.population.prediction import predict_networks
from regularization.population.reader import Network, read_network
from regularization.population.rows import Dataset
from regularization.population.training import PopulationHistory, train_networks, train_population

__all__ = [
    "BLOCK",
    "Dataset",
    "Network",
    "PopulationHistory",
    "predict_networks",
    "read_network",
    "train_networks",
    "train_population",
]
