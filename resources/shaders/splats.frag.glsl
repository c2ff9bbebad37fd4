#version 330 core
// Alpha falls off as a Gaussian and ends at 1/255, the rim of the disc; colour leaves premultiplied.
in vec2 disc;
flat in vec3 colour;
flat in vec2 shape;     // falloff, opacity

out vec4 result;

void main() {
    float reach = dot(disc, disc);
    if (reach > 1.0) discard;
    float alpha = min(shape.y * exp(-shape.x * reach), 0.999);
    result = vec4(colour * alpha, alpha);
}
