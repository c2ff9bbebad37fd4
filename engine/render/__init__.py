"""Pictures from Gaussians and meshes: one `Rasterizer` interface, the mesh renderer, and whole videos.

A twin, a camera and a time enter, frames leave. Nothing here is trained, and no OpenGL enters: the viewport's own
renderer is the window's.
"""
