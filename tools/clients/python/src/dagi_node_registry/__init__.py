"""Asks a DAGI node registry which nodes there are.

    client = NodeRegistryClient("http://node-registry:9205")
    nodes = await client.get_nodes_by_role("heavy-vision-node")
"""

from .answer import Node, NodeList, NoAnswer
from .client import NodeRegistryClient

__all__ = ["NoAnswer", "Node", "NodeList", "NodeRegistryClient"]
__version__ = "0.1.0"
