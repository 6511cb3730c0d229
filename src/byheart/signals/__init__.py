"""The expensive passes over a model: token log-probabilities, gradients, generations."""
