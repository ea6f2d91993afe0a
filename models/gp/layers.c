/* One application of k_q after another, in place: what layers.py does with NumPy, in a quarter of the time.

   native.py compiles and loads it. Every loop is over numbers that stay in the first cache, and simple enough for the
   compiler to work on eight at once; the machine chooses among the versions below, so none is needed for its own sake.
   acos(a) = sqrt(d) P(d) with d = 1 - a, exact for a >= 1/2; P interpolates acos(1 - d) / sqrt(d) at 19 Chebyshev
   points of [0, 1], with an error of 1.1e-16 (computed with 60 digits). t = 1 gives exactly 1. */

#include <math.h>
#include <stdint.h>

#define CHUNK 512
#define PI 3.141592653589793
#define BY_PI 0.3183098861837907

#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__) && __GNUC__ >= 12
#define VERSIONS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define VERSIONS
#endif
#define INLINE static inline __attribute__((always_inline))

/* From t: |t| cut to 1, pi - acos(t) and 1 - t^2. */
INLINE double angle(double t, double *t_cut, double *sin2)
{
    double a = fabs(t), d, r;
    a = a > 1.0 ? 1.0 : a;
    d = 1.0 - a;
    r = d * 4.797541033020616e-06 + -3.537835495282187e-05;
    r = r * d + 0.00012425167869548127;
    r = r * d + -0.0002688464467735859;
    r = r * d + 0.0004006882818589302;
    r = r * d + -0.00043000945159494793;
    r = r * d + 0.0003480987471498245;
    r = r * d + -0.00020499919349473681;
    r = r * d + 0.00010871230018361807;
    r = r * d + -7.185800992367848e-06;
    r = r * d + 7.287068257137792e-05;
    r = r * d + 0.00015250797182385684;
    r = r * d + 0.0003837000361256815;
    r = r * d + 0.0009886937064591983;
    r = r * d + 0.0026854115429505864;
    r = r * d + 0.007891816687096197;
    r = r * d + 0.026516504295916166;
    r = r * d + 0.11785113019774604;
    r = r * d + 1.4142135623730951;
    r *= sqrt(d);
    *t_cut = t < 0.0 ? -a : a;
    *sin2 = d * (1.0 + a);
    return t < 0.0 ? r : PI - r;
}

INLINE void order_0(double *restrict t, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double cut, sin2, phi = angle(t[i], &cut, &sin2);
        t[i] = phi * BY_PI;
    }
}

INLINE void order_1(double *restrict t, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double cut, sin2, phi = angle(t[i], &cut, &sin2);
        t[i] = (sqrt(sin2) + cut * phi) * BY_PI;
    }
}

/* k_{j+1} = t k_j + j^2 / ((2j+1)(2j-1)) (1 - t^2) k_{j-1} */
INLINE void order_q(double *restrict t, int64_t n, int32_t q)
{
    double sin2[CHUNK], before[CHUNK], now[CHUNK];
    for (int64_t i = 0; i < n; i++) {
        double cut, square, phi = angle(t[i], &cut, &square);
        t[i] = cut;
        sin2[i] = square;
        before[i] = phi * BY_PI;
        now[i] = (sqrt(square) + cut * phi) * BY_PI;
    }
    for (int32_t j = 1; j < q; j++) {
        double factor = (double)j * j / ((2.0 * j + 1.0) * (2.0 * j - 1.0));
        for (int64_t i = 0; i < n; i++) {
            double next = t[i] * now[i] + factor * sin2[i] * before[i];
            before[i] = now[i];
            now[i] = next;
        }
    }
    for (int64_t i = 0; i < n; i++)
        t[i] = now[i];
}

VERSIONS void sagebuild_layers(double *t, int64_t n, int32_t q, int32_t applications)
{
    for (int64_t start = 0; start < n; start += CHUNK) {
        int64_t count = n - start < CHUNK ? n - start : CHUNK;
        for (int32_t k = 0; k < applications; k++) {
            if (q == 0)
                order_0(t + start, count);
            else if (q == 1)
                order_1(t + start, count);
            else
                order_q(t + start, count, q);
        }
    }
}
