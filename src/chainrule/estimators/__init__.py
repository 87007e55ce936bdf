"""Estimators with scikit-learn's interface, trained by native code, and what scikit-learn's maintainers left to others.

Needs the extra `chainrule[sklearn]`; `import chainrule` does not load it.
"""

from __future__ import annotations

from chainrule.errors import MissingPartError

try:
    import sklearn as sklearn
except ImportError:
    raise MissingPartError(
        "the estimators need scikit-learn.", hint="Install it: pip install 'chainrule[sklearn]'"
    ) from None

# What a fit needs is loaded now, beside scikit-learn, which takes far longer, and not while the first one learns.
import chainrule.targets.llvm.cached
import chainrule.targets.llvm.session
import chainrule.targets.native.load
import chainrule.training.building
import chainrule.training.parameters  # noqa: F401
from chainrule.estimators.classifier import MLPClassifier as MLPClassifier
from chainrule.estimators.regressor import MLPRegressor as MLPRegressor
