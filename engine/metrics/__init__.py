"""How good is it: PSNR, SSIM, LPIPS, sharpness and landmark distances, on the whole frame and on regions.

Functions over arrays, each named for exactly what it computes; a stand-in is never given another metric's name.
The perceptual networks that training shares live here too.
"""
