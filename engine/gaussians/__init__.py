"""Gaussians and what makes them a face: the plain set, the blendshapes of stage 1, and the rasterizers that train.

Conventions are gsplat's (means, quats wxyz, log scales, logit opacities, SH), in metres in head space.
`cpu` holds our compiled rasterizer, `cuda` the same function by gsplat, `reference` the readable one for tests.
"""
