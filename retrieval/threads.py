"""How many threads a product of matrices takes.

OpenBLAS keeps its threads spinning for a while after a product, which keeps whatever computes next off the cores. The
products of a question are small: one thread does them as soon, and the reader, which runs between them, is not held up.
"""

from __future__ import annotations


def small_products() -> None:
    """From now on one thread for each product, of the libraries that are loaded."""
    # Its import sets a variable of the environment.
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, user_api="blas")
