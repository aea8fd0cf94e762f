"""Train many Keras models together in one compiled program, each as Keras' `fit` would train it alone."""

from regularization.population.training import BLOCK, Dataset, PopulationHistory, train_population

__all__ = ["BLOCK", "Dataset", "PopulationHistory", "train_population"]
