"""Kernels on the engines of clusters: a data set of the engine in, a data set of the engine out."""
