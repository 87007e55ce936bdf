"""Pictures of a problem: its network, and its graph of gates, with values and gradients.

A picture is made in three steps - what to draw (`network`, `gates`), where it goes (`layout`), and ink (`svg`, `png`,
`terminal`) -, so that each can be tested by itself.
"""

from __future__ import annotations
