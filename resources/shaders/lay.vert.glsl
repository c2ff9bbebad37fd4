#version 330 core
// One triangle that covers the target; the picture's first row is at the top of the window.
out vec2 place;
uniform float upside;   // 1 draws the first row at the bottom, as files want it; -1 at the top, as windows do

void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    place = corner;
    gl_Position = vec4(corner.x * 2.0 - 1.0, (corner.y * 2.0 - 1.0) * upside, 0.0, 1.0);
}
