"""What a render is judged by while it learns: losses of the picture and priors of the Gaussians, in fused kernels."""
