#version 330 core
// Premultiplied Gaussians over what lies behind them.
in vec2 place;
uniform sampler2D splats;
uniform sampler2D behind;

out vec4 result;

void main() {
    vec4 front = texture(splats, place);
    vec4 back = texture(behind, place);
    result = vec4(clamp(front.rgb + (1.0 - front.a) * back.rgb, 0.0, 1.0), 1.0);
}
