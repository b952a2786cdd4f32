"""How many threads a product of matrices takes.

OpenBLAS keeps its threads spinning for a while after a product, which keeps whatever computes next off the cores. The
products of a question are small: one thread does them as soon, and the reader, which runs between them, is not held up.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def small_products() -> None:
    """From now on one thread for each product, of the libraries that are loaded."""
    threadpool_limits(1, user_api="blas")


def large_products() -> AbstractContextManager[object]:
    """All cores for each product, as for making inverted lists, until its end."""
    limits: AbstractContextManager[object] = threadpool_limits(os.cpu_count(), user_api="blas")
    return limits
