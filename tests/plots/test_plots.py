"""The plots, by what is drawn: positions and colours of lines, points and pixels, against the estimators themselves."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from matplotlib import pyplot
from matplotlib.colors import to_rgb
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr
from chainrule.errors import ProblemError, ShapeError
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.plots import decision_boundary, gradient_flow, loss_curve, weight_images
from chainrule.plots.style import COLORS

pyplot.switch_backend("agg")
X, Y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
KINDS = np.array(["setosa", "versicolor", "virginica"])[Y]


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
    pyplot.close("all")


def classifier(**options: Any) -> Any:
    return MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 40, "random_state": 0, **options})


def drawn(axes: Any) -> None:
    """Draws all of it, at which matplotlib finds what it cannot draw."""
    axes.figure.savefig(BytesIO(), format="png")


def lines(axes: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in axes.lines}


# Losses


def test_losses_are_drawn_by_epoch() -> None:
    model = classifier(early_stopping=True, validation_fraction=0.2).fit(X, KINDS)
    axes = loss_curve(model)
    found = lines(axes)
    np.testing.assert_array_equal(found["learned from"].get_xdata(), np.arange(1, model.n_iter_ + 1))
    np.testing.assert_array_equal(found["learned from"].get_ydata(), model.loss_curve_)
    np.testing.assert_array_equal(found["held back"].get_ydata(), model.validation_loss_curve_)
    best = int(np.argmax(model.validation_scores_))
    assert found["best score"].get_xdata().item() == best + 1
    assert found["best score"].get_ydata().item() == model.validation_loss_curve_[best]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(found)
    drawn(axes)


def test_one_curve_needs_no_legend_and_several_have_labels() -> None:
    one, other = classifier().fit(X, Y), classifier(solver="lbfgs", max_iter=300).fit(X, Y)
    assert loss_curve(one).get_legend() is None
    axes = loss_curve(one, other, labels=["adam", "lbfgs"])
    assert list(lines(axes)) == ["adam", "lbfgs"]
    assert axes.get_yscale() == "log"  # lbfgs goes far below
    assert loss_curve(one).get_yscale() == "linear"
    assert loss_curve(other).get_xlabel() == "iteration"
    assert len({line.get_color() for line in axes.lines}) == 2
    split = loss_curve(classifier(early_stopping=True).fit(X, Y), one, labels=["held", "all"])
    assert {"held, learned from", "held, held back", "held, best score", "all, learned from"} == set(lines(split))
    shown = [text.get_text() for text in split.get_legend().get_texts()]
    assert shown == ["held", "all", "learned from", "held back", "best score"]
    drawn(split)


def test_histories_of_train_are_drawn_too() -> None:
    net = cr.MLP([2, 3, 1])
    history = cr.train(net, X[:, :2] - 4, X[:, 2:3] / 10, epochs=5, validation=0.2, progress=False)
    axes = loss_curve(history)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), history.column("error"))
    np.testing.assert_array_equal(lines(axes)["held back"].get_ydata(), history.column("validation"))


def test_a_loss_that_is_not_finite_leaves_a_gap() -> None:
    model = MLPRegressor(activation="identity", solver="sgd", learning_rate_init=50.0, early_stopping=True)
    model.fit(X[:, 1:] * 100, X[:, 0])
    assert np.isnan(model.loss_curve_[-1])
    drawn(loss_curve(model))


def test_a_single_epoch_is_a_point() -> None:
    assert loss_curve(classifier(max_iter=1).fit(X, Y)).lines[0].get_marker() == "o"


# The regions of classes


@pytest.mark.parametrize("classes", [2, 3])
def test_a_pixel_has_the_colour_of_its_class(classes: int) -> None:
    rows = np.less(Y, classes)
    model = classifier(solver="lbfgs").fit(X[rows][:, 2:], KINDS[rows])
    axes = decision_boundary(model, X[rows][:, 2:], KINDS[rows], resolution=40)
    image = axes.images[0]
    left, right, bottom, top = image.get_extent()
    assert left < X[rows][:, 2].min()
    assert top > X[rows][:, 3].max()
    grid = np.stack(np.meshgrid(np.linspace(left, right, 40), np.linspace(bottom, top, 40)), axis=-1)
    proba = model.predict_proba(grid.reshape(-1, 2))
    pixels = np.asarray(image.get_array()).reshape(-1, 3)
    for k in range(classes):
        tint = 1 - np.array(to_rgb(COLORS[k]))
        found = (1 - pixels[proba.argmax(axis=1) == k]) @ tint / (tint @ tint)
        assert ((found > 0.14) & (found < 0.56)).all()
        np.testing.assert_allclose(1 - pixels[proba.argmax(axis=1) == k], found[:, None] * tint, atol=1e-12)
    surest = (1 - pixels).max(axis=1)[proba.argmax(axis=1) == 0]
    assert np.argmax(surest) in np.flatnonzero(np.isclose(surest, surest[np.argmax(proba[proba.argmax(1) == 0, 0])]))
    drawn(axes)


def test_points_are_told_apart_by_colour_and_by_shape() -> None:
    axes = decision_boundary(classifier().fit(X[:, :2], KINDS), X[:, :2], KINDS)
    clouds = [one for one in axes.collections if one.get_label() in set(KINDS)]
    assert [one.get_label() for one in clouds] == ["setosa", "versicolor", "virginica"]
    for one, name in zip(clouds, ["setosa", "versicolor", "virginica"], strict=True):
        np.testing.assert_array_equal(one.get_offsets(), X[np.equal(KINDS, name)][:, :2])
    assert len({tuple(one.get_facecolor()[0]) for one in clouds}) == 3
    assert len({len(one.get_paths()[0].vertices) for one in clouds}) > 1
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["setosa", "versicolor", "virginica"]


def test_a_boundary_line_is_where_two_classes_are_as_probable() -> None:
    model = classifier(solver="lbfgs").fit(X[Y > 0][:, 2:], Y[Y > 0])
    axes = decision_boundary(model, X[Y > 0][:, 2:])
    (line,) = [one for one in axes.collections if len(one.get_paths()[0].vertices)][:1]
    spots = np.concatenate([path.vertices for path in line.get_paths()])
    np.testing.assert_allclose(model.predict_proba(spots)[:, 0], 0.5, atol=0.05)
    assert axes.get_legend() is None
    assert axes.get_title() == "MLPClassifier"


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_columns_of_tables_by_name_in_a_pipeline(library: str) -> None:
    module = pytest.importorskip(library)
    columns = {name: X[:, k] for k, name in enumerate(NAMES)}
    table = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    scaler: Any = StandardScaler()
    if library == "pandas":
        scaler = make_column_transformer((StandardScaler(), NAMES))  # which needs a table with these names
    model = make_pipeline(scaler, classifier()).fit(table, KINDS)
    axes = decision_boundary(model, table, KINDS, features=["petal width", "sepal length"], resolution=20)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("petal width", "sepal length")
    share = model.score(table, KINDS)
    assert axes.get_title() == f"MLPClassifier: {100 * share:.3g} % of 150 rows right"
    assert "medians" in axes.texts[0].get_text()
    drawn(axes)


def test_the_levels_of_a_number_and_the_points_share_their_colours() -> None:
    model = MLPRegressor(hidden_layer_sizes=(8,), solver="lbfgs", random_state=0).fit(X[:, :2], X[:, 2])
    axes = decision_boundary(model, X[:, :2], X[:, 2], resolution=30)
    surface, cloud = axes.collections
    assert surface.get_clim() == cloud.get_clim()
    low, high = surface.get_clim()
    assert low <= X[:, 2].min() < X[:, 2].max() <= high
    np.testing.assert_array_equal(cloud.get_array(), X[:, 2])
    assert axes.get_title() == f"MLPRegressor: R² {model.score(X[:, :2], X[:, 2]):.3g}"
    drawn(axes)
    constant = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1).fit(X[:, :2], np.zeros(150))
    constant.coefs_ = [np.zeros_like(w) for w in constant.coefs_]
    drawn(decision_boundary(constant, X[:, :2], resolution=5))


def test_more_classes_than_colours_and_sparse_rows() -> None:
    rng = np.random.default_rng(0)
    points, y = rng.normal(size=(90, 2)), np.arange(90) % 9
    drawn(decision_boundary(classifier().fit(points, y), csr_matrix(points), y, resolution=20))


@pytest.mark.parametrize("share", [1.0, 0.9999, 0.5])
def test_a_hundred_percent_is_all(share: float) -> None:
    count = 10_000
    points = np.c_[np.r_[np.zeros(count // 2), np.ones(count // 2)], np.zeros(count)]
    y = points[:, 0].astype(int)
    model = classifier(solver="lbfgs").fit(points, y)
    wrong = round(count * (1 - share))
    y[:wrong] = 1
    title = decision_boundary(model, points, y, resolution=5).get_title()
    assert {1.0: "100 %", 0.9999: "99.9 %", 0.5: "50 %"}[share] in title


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: decision_boundary(classifier().fit(X[:, :1], Y), X[:, :1]), ShapeError, "two columns"),
        (lambda: decision_boundary(classifier().fit(X, Y), X, features=(0,)), ShapeError, "two columns"),
        (lambda: decision_boundary(classifier().fit(X, Y), X, features=(0, 4)), ProblemError, "no column 4"),
        (lambda: decision_boundary(classifier().fit(X, Y), X, features=("x0", "z")), ProblemError, "no column 'z'"),
        (
            lambda: decision_boundary(MLPRegressor().fit(X, X), X),
            ProblemError,
            "one class or number for each row, here 4",
        ),
        (lambda: loss_curve(classifier()), ProblemError, "has no losses"),
        (lambda: loss_curve(make_pipeline(classifier()).fit(X, Y)), ProblemError, r"give the last step, model\[-1\]"),
        (lambda: loss_curve(classifier().fit(X, Y), labels=["a", "b"]), ShapeError, "2 labels"),
        (lambda: loss_curve(), ProblemError, "no models"),
        (lambda: gradient_flow(make_pipeline(classifier()).fit(X, Y), X, Y), ProblemError, r"no gradient\(X, y\)"),
        (lambda: weight_images(classifier()), ProblemError, "has no weights"),
        (lambda: weight_images(classifier().fit(X, Y), layer=3), ProblemError, "no layer 3"),
        (lambda: weight_images(classifier().fit(X, Y), layer=0), ProblemError, "no layer 0"),
        (lambda: weight_images(classifier().fit(X, Y), shape=(3, 2)), ShapeError, "4 weights"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_no_figure(make: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        make()
    assert not pyplot.get_fignums()


def test_several_labels_have_no_boundary() -> None:
    points, labels = make_multilabel_classification(n_samples=50, n_features=2, random_state=0)
    with pytest.raises(ProblemError, match="one class or number for each row, here 5"):
        decision_boundary(classifier().fit(points, labels), points)


# The gradient layer by layer


def test_sizes_of_derivatives_are_quantiles_of_each_layer() -> None:
    model = classifier(hidden_layer_sizes=(8, 5), activation="tanh").fit(X, KINDS)
    axes = gradient_flow(model, X, KINDS)
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    for line, slopes in zip(dots, model.gradient(X, KINDS)[0], strict=True):
        assert line.get_ydata().item() == pytest.approx(np.median(np.abs(slopes)))
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "layer 1\n4 → 8",
        "layer 2\n8 → 5",
        "layer 3\n5 → 3",
    ]
    drawn(axes)


def test_a_gradient_that_vanishes_falls_towards_the_input_and_dead_units_are_counted() -> None:
    model = classifier(hidden_layer_sizes=(10,) * 5, activation="logistic", max_iter=1).fit(X, Y)
    dots = [line.get_ydata().item() for line in gradient_flow(model, X, Y).lines if line.get_marker() == "o"]
    assert dots[0] < dots[-1] / 1000
    dead = classifier(hidden_layer_sizes=(4,)).fit(X, Y)
    dead.intercepts_[0][:2] = -1e6
    assert "% are 0" in gradient_flow(dead, X, Y).get_xticklabels()[0].get_text()
    dead.intercepts_[0][:] = -1e6
    axes = gradient_flow(dead, X, Y)
    assert "100 % are 0" in axes.get_xticklabels()[0].get_text()
    drawn(axes)


# Weights


def test_images_of_units_have_their_weights_as_pixels() -> None:
    D, t = load_digits(return_X_y=True)
    model = classifier(hidden_layer_sizes=(7,), max_iter=2).fit(D[:200], t[:200])
    axes = weight_images(model)
    picture = np.ma.filled(axes.images[0].get_array(), np.nan)
    assert picture.shape == (3 * 9 - 1, 3 * 9 - 1)
    for k in range(7):
        top, left = k // 3 * 9, k % 3 * 9
        np.testing.assert_array_equal(picture[top : top + 8, left : left + 8].ravel(), model.coefs_[0][:, k])
    assert np.isnan(picture[8]).all()
    assert axes.images[0].get_clim() == (-np.abs(model.coefs_[0]).max(), np.abs(model.coefs_[0]).max())
    drawn(axes)
    flat = np.ma.filled(weight_images(model, shape=(4, 16)).images[0].get_array(), np.nan)
    assert flat.shape == (7 * 5 - 1, 16)
    np.testing.assert_array_equal(flat[5:9].ravel(), model.coefs_[0][:, 1])


def test_a_matrix_of_weights_names_its_inputs() -> None:
    pandas = pytest.importorskip("pandas")
    model = classifier(hidden_layer_sizes=(6, 40)).fit(pandas.DataFrame(X, columns=NAMES), Y)
    axes = weight_images(model)
    np.testing.assert_array_equal(axes.images[0].get_array(), model.coefs_[0].T)
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES
    assert [label.get_text() for label in axes.get_yticklabels()] == list("123456")
    last = weight_images(model, layer=3)
    assert (last.get_xlabel(), last.get_ylabel()) == ("unit of layer 2", "unit of layer 3")
    assert last.get_xticklabels()[1].get_text() == "4"
    drawn(axes)


# All of them


@pytest.mark.parametrize("plot", ["loss_curve", "decision_boundary", "gradient_flow", "weight_images"])
def test_axes_that_are_given_are_drawn_on(plot: str) -> None:
    model = classifier().fit(X, Y)
    figure, (mine, other) = pyplot.subplots(1, 2)
    calls: dict[str, Any] = {
        "loss_curve": lambda: loss_curve(model, ax=mine),
        "decision_boundary": lambda: decision_boundary(model, X, Y, resolution=10, ax=mine),
        "gradient_flow": lambda: gradient_flow(model, X, Y, ax=mine),
        "weight_images": lambda: weight_images(model, ax=mine),
    }
    assert calls[plot]() is mine
    assert mine.has_data()
    assert not other.has_data()
    assert pyplot.get_fignums() == [figure.number]


def test_without_matplotlib_an_error_names_the_extra() -> None:
    code = """
import sys; sys.modules["matplotlib"] = None
from chainrule.estimators import MLPRegressor
from chainrule.plots import loss_curve
loss_curve(MLPRegressor(solver="lbfgs").fit([[0.0], [1.0]], [0.0, 1.0]))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MissingPartError" in shown.stderr
    assert "pip install 'chainrule[plot]'" in shown.stderr


def test_importing_the_plots_loads_no_matplotlib() -> None:
    code = "import sys, chainrule.plots; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
