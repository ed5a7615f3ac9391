"""What a service's state is called, how far trouble goes, and how that is drawn."""

from incidents.catalog.rules.drawing import Box, Edge, Graph, Node, draw
from incidents.catalog.rules.reach import Hop, circle, reach
from incidents.catalog.rules.states import OPERATIONAL, state

__all__ = ["OPERATIONAL", "Box", "Edge", "Graph", "Hop", "Node", "circle", "draw", "reach", "state"]
