"""The catalogue's entry of the Gaussian process: its hyperparameters, metrics and image."""

from __future__ import annotations

from models.hyperparameters import ALL_PROGRAMS, Hyperparameter, Kind, Metric, Model

RMSE = Metric(
    "validation:RMSE", "Minimize", "root mean squared error on the validation rows, in the target's unit", "RMSE"
)
NLPD = Metric(
    "validation:NLPD", "Minimize", "mean negative log predictive density on the validation rows, in nats", "NLPD"
)

# Best near 0.95: neither more nor less is better, but a goal must be named.
COVERAGE95 = Metric(
    "validation:coverage95",
    "Maximize",
    "share of the validation rows inside their central 95 % interval; 0.95 when the standard deviations are right",
    "coverage of 95 % intervals",
)

GP = Model(
    name="gp",
    title="Gaussian process",
    description="Gaussian process regression with iterated arc-cosine kernels; predicts with a standard deviation.",
    words=("gaussian process", "gaussian", "g p"),
    image="gp",
    program="containers.gp_image",
    objective=RMSE.name,
    metrics=(RMSE, NLPD, COVERAGE95),
    hyperparameters=(
        Hyperparameter(
            "q", Kind.INTEGER, 1, "order of the arc-cosine kernel", 0, 4, spoken=("cue", "queue", "order"), tunable=True
        ),
        Hyperparameter(
            "l",
            Kind.INTEGER,
            0,
            "iterations of the kernel after the first application",
            0,
            4,
            spoken=("el", "ell", "depth"),
            tunable=True,
        ),
        Hyperparameter(
            "sigma2",
            Kind.CONTINUOUS,
            0.1,
            "noise variance, relative to the signal variance",
            1e-10,
            100,
            scaling="Logarithmic",
            spoken=("sigma squared", "sigma two", "noise"),
            tunable=True,
            tune_minimum=1e-4,
            tune_maximum=1.0,
        ),
        Hyperparameter(
            "projection",
            Kind.CATEGORICAL,
            "lift",
            "how inputs are mapped to the unit sphere",
            choices=("unit", "lift", "stereographic"),
        ),
        Hyperparameter(
            "norm_exponent",
            Kind.INTEGER,
            1,
            "1 scales the kernel by the inputs' norms, 0 does not",
            0,
            1,
            spoken=("norm exponent",),
        ),
        Hyperparameter(
            "bias",
            Kind.CONTINUOUS,
            0.5,
            "length of the axis that lift and stereographic add, in standard deviations of an input",
            1e-3,
            1e3,
            scaling="Logarithmic",
        ),
        Hyperparameter(
            "signal_variance",
            Kind.CONTINUOUS,
            0,
            "signal variance over the target's; 0 takes the one that fits best",
            0,
            1e6,
            spoken=("signal variance",),
        ),
        Hyperparameter(
            "search",
            Kind.CATEGORICAL,
            "off",
            "whether the job itself searches for q, l, sigma2, norm_exponent and length scales, and by what:"
            " marginal likelihood (lml) or leaving one row out (loo)",
            choices=("off", "lml", "loo"),
        ),
        Hyperparameter("average", Kind.INTEGER, 3, "how many of the kernels found a search averages at most", 1, 10),
        Hyperparameter(
            "length_scales",
            Kind.CATEGORICAL,
            "learnt",
            "whether a search gives each input a length scale of its own",
            choices=("learnt", "equal"),
            spoken=("length scales",),
        ),
        Hyperparameter(
            "solver",
            Kind.CATEGORICAL,
            "auto",
            "exact, inducing points (nystrom) or conjugate gradients (cg); auto chooses by rows and memory",
            choices=("auto", "exact", "nystrom", "cg"),
        ),
        Hyperparameter(
            "inducing_points",
            Kind.INTEGER,
            2000,
            "inducing points of the nystrom solver",
            1,
            20_000,
            spoken=("inducing points",),
        ),
        Hyperparameter("seed", Kind.INTEGER, 0, "seed of which rows are taken where not all are", 0, 2**31 - 1),
        Hyperparameter(
            "definition",
            Kind.CATEGORICAL,
            "scaled",
            "published takes inputs and target as they are, x / |x| and no signal variance, for comparison",
            choices=("scaled", "published"),
        ),
    ),
    programs=ALL_PROGRAMS,
    takes_text=False,
)
