"""Gaussian process regression with iterated arc-cosine kernels (Cho & Saul 2009). This file holds a docstring only.

fitting.py     fit(settings, x, y): scaling, solver, signal variance, likelihood     <- open this first
settings.py    Settings, and which solver rows and memory allow
sphere.py      inputs scaled and mapped to the unit sphere, with their norms
kernel.py      arc_cosine, arc_cosine_iterated, arc_cosine_slope, cosines, covariances
layers.py      one application after another in place, and the series for small values;  layers.c, native.py  compiled
factor.py      Cholesky factor in panels of rows: made in place, for training and for the variance; lapack.py helps
nystrom.py     the solvers for many rows: inducing points, conjugate gradients
posterior.py   what prediction needs, and prediction itself;  mixture.py  several of them as one model
artifact.py    a model as an .npz file, without pickle
likelihood.py  log marginal likelihood with gradient by length scales, amplitude and noise
grid.py        every (q, l, sigma2) at once;  search.py  grid, refinement, average: the model's own search
estimator.py   ArcCosineGPRegressor for scikit-learn;  sklearn_kernel.py  the kernel for its own process
benchmark.py   `python -m models.gp.benchmark`: UCI sets against published.py
metrics.py     RMSE, NLPD, coverage        threads.py  how many threads BLAS may take        errors.py  the error tree

A fit and a server need NumPy and threadpoolctl only. SciPy is for the search, and makes fits of more than 3000 rows
faster; scikit-learn is for the two modules that are named after it.

Notation, used in every module (N training rows, S rows to predict, D inputs, E = the sphere's ambient dimension):

symbol in papers      name in code       shape    meaning
X, y                  x, y               N D, N   training inputs and targets, in the units of the data
x*                    x                  S D      inputs to predict at
z_i                   z                  N E      input i on the unit sphere, |z_i| = 1
|x_i|^p / rms         r                  N        scaled norm: p = norm_exponent; 1 everywhere when p = 0
1 / w_d               length_scales      D        of standardised inputs (automatic relevance determination)
b                     bias               -        length of the axis that lift and stereographic add
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
for machine learning", 2006, chapters 2 and 5 (predictions, marginal likelihood). Modules name those of single steps.
"""
