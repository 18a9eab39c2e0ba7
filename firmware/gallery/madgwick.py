"""Orientation from a gyroscope and an accelerometer (Madgwick 2010, without a compass)."""

from math import sqrt

floats = "a float buffer"


def update(q: floats, imu: floats, beta: float, dt: float):
    """Update q (4), a quaternion, by dt seconds.

    imu (6) holds the rates in rad/s about x, y and z, and the accelerations along them, in any
    unit. beta, about 0.1, is the weight of the acceleration.
    """
    q0 = q[0]
    q1 = q[1]
    q2 = q[2]
    q3 = q[3]
    gx = imu[0]
    gy = imu[1]
    gz = imu[2]
    ax = imu[3]
    ay = imu[4]
    az = imu[5]
    d0 = -0.5 * (q1 * gx + q2 * gy + q3 * gz)
    d1 = 0.5 * (q0 * gx + q2 * gz - q3 * gy)
    d2 = 0.5 * (q0 * gy - q1 * gz + q3 * gx)
    d3 = 0.5 * (q0 * gz + q1 * gy - q2 * gx)
    strength = ax * ax + ay * ay + az * az
    if strength > 0.0:
        scale = 1.0 / sqrt(strength)
        # The difference between gravity from q and measured gravity, and the direction of descent.
        fx = 2.0 * (q1 * q3 - q0 * q2) - ax * scale
        fy = 2.0 * (q0 * q1 + q2 * q3) - ay * scale
        fz = 1.0 - 2.0 * (q1 * q1 + q2 * q2) - az * scale
        s0 = q1 * fy - q2 * fx
        s1 = q3 * fx + q0 * fy - 2.0 * q1 * fz
        s2 = q3 * fy - q0 * fx - 2.0 * q2 * fz
        s3 = q1 * fx + q2 * fy
        steepness = s0 * s0 + s1 * s1 + s2 * s2 + s3 * s3
        if steepness > 0.0:
            scale = beta / sqrt(steepness)
            d0 -= scale * s0
            d1 -= scale * s1
            d2 -= scale * s2
            d3 -= scale * s3
    q0 += d0 * dt
    q1 += d1 * dt
    q2 += d2 * dt
    q3 += d3 * dt
    scale = 1.0 / sqrt(q0 * q0 + q1 * q1 + q2 * q2 + q3 * q3)
    q[0] = q0 * scale
    q[1] = q1 * scale
    q[2] = q2 * scale
    q[3] = q3 * scale
