"""What fitted estimators look like: losses, regions of classes, gradients layer by layer, and weights as images.

One function each, which draws on `ax` or on a new figure and gives the Axes. Needs the extra `chainrule[plot]`.
"""

from __future__ import annotations

from chainrule.plots.boundary import decision_boundary as decision_boundary
from chainrule.plots.gradients import gradient_flow as gradient_flow
from chainrule.plots.losses import loss_curve as loss_curve
from chainrule.plots.weights import weight_images as weight_images
