#version 330 core
// One Gaussian is one quad along the axes of its ellipse; see engine/gaussians/packing.py for the numbers.
in vec2 corner;         // of the square that holds the unit disc
in vec4 centre_axis;    // centre xy, first half axis xy, clip coordinates with y down
in vec4 axis_shape;     // second half axis xy, falloff, opacity
in vec4 tint;           // colour, unused

out vec2 disc;
flat out vec3 colour;
flat out vec2 shape;

void main() {
    disc = corner;
    colour = tint.rgb;
    shape = axis_shape.zw;
    gl_Position = vec4(centre_axis.xy + corner.x * centre_axis.zw + corner.y * axis_shape.xy, 0.0, 1.0);
}
