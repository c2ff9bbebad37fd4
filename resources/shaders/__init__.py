"""The viewport's own shaders in GLSL 3.30: Gaussians as quads (splats), and laying a picture into the window (lay)."""
