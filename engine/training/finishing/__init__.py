"""The end of a fit: what the recorded frames leave open about the Gaussians is settled."""
