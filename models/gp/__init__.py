"""Gaussian process regression with iterated arc-cosine kernels (Cho & Saul 2009). This file holds a docstring only.

regressor.py   ArcCosineGP: fit and predict                                  <- open this first
sphere.py      inputs scaled and mapped to the unit sphere, with their norms
kernel.py      arc_cosine, arc_cosine_iterated, cosines, Gram rows
factor.py      block Cholesky factor: made in place, used for training and for the variance of predictions
posterior.py   what prediction needs, and prediction itself
artifact.py    a posterior as an .npz file, without pickle
metrics.py     RMSE and NLPD        threads.py  how many threads BLAS may take        errors.py  the error tree

The whole package needs NumPy (and threadpoolctl) only, in training and in serving.

Notation, used in every module (N training rows, S rows to predict, D inputs, E = the sphere's ambient dimension):

symbol in papers      name in code       shape    meaning
X, y                  x, y               N D, N   training inputs and targets, in the units of the data
x*                    x                  S D      inputs to predict at
z_i                   z                  N E      input i on the unit sphere, |z_i| = 1
|x_i|^p / rms         r                  N        scaled norm: p = norm_exponent; 1 everywhere when p = 0
t_ij = z_i . z_j      t                  any      cosine of the angle theta between two inputs, in [-1, 1]
J_q(theta)            -                           Cho & Saul's angular function of order q
k_q = J_q / J_q(0)    arc_cosine         as t     one application; k_q(1) = 1, values in [0, 1]
k_{q,l}               arc_cosine_iterated as t    l + 1 applications (l is 0-based: k_{q,0} = k_q)
K_ij = r_i r_j k(t)   gram rows          N N      prior covariance over the signal variance
s2 (sigma^2)          sigma2             -        noise variance over the signal variance
M = K + s2 I = L L'   factor             N N      L is the lower Cholesky factor
alpha = M^-1 y        alpha              N        weights of the mean (y standardised)
a                     signal_variance    -        y' M^-1 y / N, the maximum of the likelihood over the amplitude
v(x*)                 cross              S N      K between new and training rows

k_{q+1} = t k_q + q^2 / ((2q+1)(2q-1)) (1 - t^2) k_{q-1} for q >= 1 (from the recurrence of J_q), starting with
k_0 = 1 - theta/pi and k_1 = (sin theta + (pi - theta) t) / pi.

Sources: Y. Cho, L. Saul, "Kernel methods for deep learning", NIPS 2009; C. Rasmussen, C. Williams, "Gaussian processes
for machine learning", 2006, chapters 2 and 5 (predictions, marginal likelihood).
"""
