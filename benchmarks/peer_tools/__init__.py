"""The tools that ``benchmarks.peers`` compares, each in an environment of its own.

A module here imports its tool's packages, the standard library, and its neighbours in this folder, nothing else.
"""
