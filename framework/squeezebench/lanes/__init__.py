"""Many problems at a time: an integrator whose innermost loops run over a block of problems.

`squeezebench.integrate` follows one solution. For a map of thousands of points it is better to lay the same variable of
several points side by side, so that each instruction of the processor serves as many points as it has places: a *block*
of `layout.LANES` points, each in a *lane* with a time, a step, an error and an end of its own. A lane whose point is
done takes the next point. The steps of a point are those that it would take alone.

=================== ====================================================================================================
`layout`            where the variables of a block are
`generate`          writes `tableau`
`tableau`           the Runge-Kutta step of order 8 and its error, as straight-line code over the lanes
`watch`             what is kept of a point while it is followed: reductions, refined inside the steps
`lane`              one lane of a block: a point begins and ends
`drive`             the loop over steps
`batch`             from arrays of starts, coefficients and times to results, on several threads
=================== ====================================================================================================

The modules import numba: import them inside functions or in modules of kernels.
"""
